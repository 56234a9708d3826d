### Ce que l'on lit pour chaque réponse.

decimal-point = ,
size-bytes = { $n } o
size-kilo = { $n } ko
size-mega = { $n } Mo
size-giga = { $n } Go

monday = lundi
tuesday = mardi
wednesday = mercredi
thursday = jeudi
friday = vendredi
saturday = samedi
sunday = dimanche
month-1 = janvier
month-2 = février
month-3 = mars
month-4 = avril
month-5 = mai
month-6 = juin
month-7 = juillet
month-8 = août
month-9 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre
date =
    { $weekday } { $day ->
        [1] 1er
       *[other] { $day }
    } { $month } { $year }
until-notice = à partir de { $from }, jusqu'à nouvel ordre

stage-working = En cours…
stage-opening = Ouverture…
stage-waiting = Une autre commande est en cours…
stage-meeting = Recherche des voisins…
stage-syncing = Échange des écrits
stage-checking = Examen des écrits
stage-bundling = Écrits

saved = Enregistré : { $id }
list-next = Il y en a d'autres : --after { $next }

init-done = Bienvenue. Vous êtes { $member }. Notez ces mots sur papier, dans l'une des deux langues :
init-keep = Ils vous font revenir si vous perdez cet appareil. Ils ne sont pas gardés ici et ne seront plus montrés.
welcome = Il n'y a encore rien ici. Trois façons de commencer :
welcome-found = 1. Fonder un voisinage
welcome-join = 2. J'ai une invitation
welcome-recover = 3. J'ai ma fiche de secours

col-id = Id
col-name = Nom
col-asks = Demande
col-members = Membres
col-status = État
col-roles = Rôles
col-this = Celui-ci
col-kind = Sorte
col-title = Titre
col-owner = De
col-price = Prix
col-when = Quand
col-place = Rang
field-home = Foyer
field-device = Cet appareil
field-digest = Empreinte des données ouvertes
field-zone = Où
field-lives = Dit habiter
field-building = Immeuble
field-landlord = Bailleur
field-since = Depuis
field-languages = Langues
field-category = Catégorie
field-capacity = Pareils
field-until = Montrée jusqu'à
field-holder = Décide
field-part-of = Partie de
field-parts = Parties
field-photos = Photos
field-reason = Pourquoi

status-no-hood = Pas encore de voisinage. `palier hood found NOM` ou `palier join LIEN`.
status-all-hoods = Plusieurs voisinages, pris ensemble : -n dit lequel.
status-figures =
    { $entries ->
        [one] { $entries } écrit
       *[other] { $entries } écrits
    } dans { $documents ->
        [one] { $documents } document
       *[other] { $documents } documents
    } de { $nodes ->
        [one] { $nodes } appareil
       *[other] { $nodes } appareils
    }, { $size }
status-unsent =
    { $n ->
        [one] { $n } de vos actes n'a pas encore quitté cet appareil.
       *[other] { $n } de vos actes n'ont pas encore quitté cet appareil.
    }
status-peers =
    { $n ->
        [0] En lien avec personne en ce moment.
        [one] En lien avec { $n } voisin :
       *[other] En lien avec { $n } voisins :
    }
status-asleep = Pas en lien : `palier run` reste en lien, `palier sync` échange une fois.
peer-relayed = par un relais
peer-direct = directement

run-ready =
    { $n ->
        [0] Prêt, sans écouter.
       *[other] Prêt. À l'écoute sur { $at }.
    }
run-peer-joined = En lien avec { $who }.
run-peer-relayed = En lien avec { $who } par un relais.
run-peer-left = { $who } est parti.
run-received =
    { $n ->
        [one] { $n } nouvel écrit.
       *[other] { $n } nouveaux écrits.
    }
run-awaiting = Votre demande d'entrer attend encore l'accord de la coordination.
run-applied = Quelqu'un demande à entrer ({ $who }) : `palier member list` dit qui, `palier member approve { $who }` l'accueille.
run-search-matched = Nouveau, comme demandé dans « { $names } » : { $title } ({ $id })
run-stopped = Arrêté. Tout est enregistré.

sync-complete =
    À jour avec { $peers ->
        [one] { $peers } voisin
       *[other] { $peers } voisins
    } : { $received ->
        [one] { $received } écrit reçu
       *[other] { $received } écrits reçus
    }, { $sent ->
        [one] { $sent } envoyé
       *[other] { $sent } envoyés
    }.
sync-partial =
    Le temps a manqué : { $received ->
        [one] { $received } écrit reçu
       *[other] { $received } écrits reçus
    }, { $sent ->
        [one] { $sent } envoyé
       *[other] { $sent } envoyés
    } ({ $peers ->
        [one] { $peers } voisin
       *[other] { $peers } voisins
    }). Le prochain échange reprendra là.

doctor-ok =
    Tout va bien : { $n ->
        [one] { $n } écrit examiné
       *[other] { $n } écrits examinés
    }.
doctor-not-ok =
    Quelque chose demande attention ({ $n ->
        [one] { $n } écrit examiné
       *[other] { $n } écrits examinés
    }).
doctor-rebuilt = Ce que lisent les écrans a été reconstruit.
doctor-fork =
    L'appareil { $device } a continué deux fois un journal ({ $n } bouts) : une sauvegarde remise, ou une copie. Rien n'est perdu.
doctor-quarantined = Abîmé sur le disque et mis de côté : { $key } dans { $table } ({ $code }). Le prochain échange le rapportera.

bundle-exported =
    { $n ->
        [one] { $n } écrit mis
       *[other] { $n } écrits mis
    } dans { $file } ({ $size }).
bundle-imported =
    { $n ->
        [0] Rien de nouveau dedans.
        [one] { $n } nouvel écrit pris.
       *[other] { $n } nouveaux écrits pris.
    }
bundle-refused =
    { $n ->
        [one] { $n } refusé
       *[other] { $n } refusés
    } ({ $code }).

hoods-none = Pas encore de voisinage. `palier hood found NOM` ou `palier join LIEN`.
hood-members =
    { $n ->
        [one] { $n } membre
       *[other] { $n } membres
    }
hood-hubs =
    { $n ->
        [0] pas de relais
        [one] { $n } relais
       *[other] { $n } relais
    }
invite-open =
    Fait entrer { $n ->
        [one] { $n } personne
       *[other] { $n } personnes
    } jusqu'au { $until }.
invite-approval =
    Fait entrer { $n ->
        [one] { $n } personne
       *[other] { $n } personnes
    } jusqu'au { $until }, après accord de la coordination.
invites-none = Pas d'invitation.
join-joined = Vous y êtes. Bienvenue !
join-awaiting = Votre demande est arrivée. La coordination doit l'accepter ; le prochain échange après cela vous fera entrer.
join-refused = L'invitation n'a pas été acceptée.

member-member = membre
member-awaiting = attend un accord
member-refused = refusé
member-left = parti
member-removed = retiré
member-device =
    { $device } : { $n ->
        [one] { $n } écrit accepté
       *[other] { $n } écrits acceptés
    }
role-coordinator = coordination
role-hub = relais
role-founder = fondation
device-active = actif
device-pending = en cours d'association
device-revoked = révoqué
link-offered = Donnez ce lien au nouvel appareil : palier device link LIEN
link-compare = Code : { $code }. Si l'autre appareil montre le même, donnez sur les deux : palier device link --confirm { $typed }
link-confirmed = Confirmé ici. Confirmez aussi sur l'autre appareil.
link-done = Les deux appareils sont associés.
sheet = Imprimez ce lien ou ce code et gardez-le avec les douze mots, en lieu sûr : avec eux, un nouvel appareil retrouve ce voisinage. Ne le montrez à personne d'autre.
recovered =
    Bon retour, { $member }. { $n ->
        [0] Pas encore de voisinage retrouvé : demandez une invitation à un voisin.
        [one] { $n } voisinage retrouvé.
       *[other] { $n } voisinages retrouvés.
    }

kind-offer = offre
kind-need = besoin
kind-tool = outil
kind-parking = parking
kind-storage = rangement
kind-room = salle
kind-event = événement
listing-published = publiée
listing-paused = suspendue
listing-filled = pourvue
listing-expired = expirée
listing-withdrawn = retirée
listings-none = Rien trouvé.
searches-none = Pas de recherche gardée. `palier search MOTS --save NOM` en garde une.
search-at-most = au plus { $price }
search-all = tout
price-free = gratuit
price-credits = { $n } min d'entraide{ $per }
price-euros = { $amount } €{ $per }
per-once = {""}
per-hour = {" "}par heure
per-day = {" "}par jour
per-week = {" "}par semaine
per-month = {" "}par mois
photo-added = Photo ajoutée : { $id }
photo-file =
    Écrite dans { $file } ({ $bytes ->
        [one] { $bytes } octet
       *[other] { $bytes } octets
    }).

bookings-none = Pas de réservation.
booking-requested = demandée
booking-firm = confirmée, ferme
booking-confirmed = confirmée, pas encore ferme
booking-displaced = écartée
booking-refused = refusée
booking-cancelled = annulée
booking-handed-over = remis
booking-overdue = pas encore rendu, terme dépassé
booking-returned = rendu, d'après un côté
booking-ended = terminé
booking-no-show = personne n'est venu
booking-lost = perdu
booking-disputed = les deux côtés ne sont pas d'accord
booking-closed = clos
booking-proposed = un moment est proposé
booking-agreed = convenu
booking-due = le moment est passé : est-ce fait ?
booking-done = fait, d'après un côté
booking-withdrawn = reprise
booking-lapsed = passé depuis longtemps, sans un mot
no-time = pas encore de moment
listing-answers =
    { $n ->
        [one] { $n } réponse
       *[other] { $n } réponses
    }
proposal-agreed = Convenu : { $when }, { $price }
proposal-mine = Vous proposez : { $when }, { $price }
proposal-theirs = On vous propose : { $when }, { $price }
payment-due-mine = À payer par vous : { $time }. `palier credit pay` le fait.
payment-due-theirs = À payer par l'autre côté : { $time }
payment-held = Payé, ne compte pas encore : { $time }
payment-paid = Payé : { $time }
payment-excess = Payé deux fois : { $time } à rendre, avec `palier credit pay` par qui l'a reçu.
thanks-none = Pas encore de merci.
thanks-mutual = Les deux se sont remerciés.
thanks-hidden = Les autres le verront quand l'autre côté aura parlé, ou dès { $until }.
member-thanks =
    { $n ->
        [one] Remercié { $n } fois
       *[other] Remercié { $n } fois
    }
qr-handover = la remise
qr-return = le retour
qr-shown = Votre parole sur { $step }, jusqu'au { $until }. L'autre côté la donne à `booking handover` ou `booking return` avec --qr ; n'importe qui peut la vérifier avec `qr verify`.
qr-valid = Valable : { $step } de { $title }, réservation { $booking }, par { $holder }, { $at }.
booking-waiting-for = Ferme dès qu'elle aura la parole de { $who }.
end-none = jusqu'à nouvel ordre
end-now = Fin actuelle
end-more = En plus
end-less = En moins
end-latest = Cela peut être gardé jusqu'à : { $end }.
end-not-firm = Sa fin n'est pas encore ferme.
end-asked = Fin demandée : { $end }. Pas encore de réponse.
end-granted = Fin demandée : { $end }. Accordée.
end-did-not-fit = Fin demandée : { $end }. Accordée, mais une autre réservation était là avant : la fin reste la même.
end-refused = Fin demandée : { $end }. Refusée.
end-lapsed = Fin demandée : { $end }. Personne n'a répondu à temps.
side-requester = la personne qui l'occupe
side-owner = le propriétaire
notice-took = Préavis donné par { $by } : fin { $end }.
notice-given = Préavis donné par { $by } pour { $end } ; l'appareil qui décide ne l'a pas encore pris en compte.
notice-too-early = C'est trop tôt d'après les conditions : { $end } est la première fin possible.
booking-waitlist = Rang { $n } sur la liste d'attente.
booking-alternatives = Libre à la place :
delivery-on-device = Encore sur cet appareil.
delivery-sent = A quitté cet appareil.
delivery-received = Reçue par l'autre côté.
booking-waiting = sur la liste d'attente
booking-offered = proposée : une réponse est attendue
offer-until = C'est proposé jusqu'à { $until } : `palier waitlist take` accepte.
offer-taken = La proposition a été acceptée.
offer-ran-out = La proposition a expiré : { $until }.
field-text = Mot
waitlist-mine = à vous
waitlist-room = il y a de la place
waitlist-offered = proposée jusqu'à { $until }
waitlist-overtaken = { $n ->
    [one] dépassée une fois
   *[other] dépassée { $n } fois
}
terms-cancelled = { $n ->
    [one] Une réservation tombe :
   *[other] { $n } réservations tombent :
}
terms-no-offer = acceptée tout de suite
field-offer = Proposé à qui attend pendant
why-queued = mise sur la liste d'attente
why-overtaken = une autre a été acceptée là où celle-ci attendait
why-offered = s'est vu proposer ce qui s'est libéré
why-taken-up = a accepté la proposition
why-offer-ran-out = la proposition a expiré
waitlist-none = Personne n'attend.

groups-none = Il n'y a pas encore de groupe. `palier group found NOM` en fonde un.
col-managers = Responsables
credits-none = Rien ne fut encore donné ni reçu.
col-minutes = Temps
col-who = Qui
col-note = Mot
field-spendable = À dépenser ici
field-balance = Solde
field-line = Découvert permis
field-held-in = En attente, à recevoir
field-held-out = En attente, à donner
field-overdraft = Au-delà du découvert de
credit-double-spend = Les mêmes minutes furent dépensées deux fois. Les voisins ne concluent rien de nouveau.
credit-device =
    { $this ->
        [yes] { $device } (celui-ci) : { $time }
       *[no] { $device } : { $time }
    }
credit-allotted = entre vos appareils
credit-counts = compte
credit-held = en attente
credit-file =
    { $n ->
        [one] Une ligne est dans { $file }.
       *[other] { $n } lignes sont dans { $file }.
    }

why-requested = demandée
why-accepted = acceptée
why-answered = réponse
why-proposed = moment proposé
why-agreed = convenu
why-declined = refusé
why-answer-withdrawn = reprise
why-done = fait
why-cancelled-by-requester = annulé par qui avait répondu
why-cancelled-by-owner = annulé par le propriétaire
why-refused = refusée
why-cancelled = annulée
why-released = rendue
why-still-out = pas encore revenu
why-not-back = qui l'avait avant ne l'a pas rapporté
why-displaced = écartée : une autre a été acceptée avant
why-firm = ferme
why-waiting = sur la liste d'attente
why-hand-over = remis
why-return = rendu
why-no-show = personne n'est venu
why-ended-early = rendu avant son terme
why-damaged = abîmé
why-lost = perdu
why-occupied = quelqu'un d'autre occupe la place
why-overstay = encore occupé après son terme
why-disputed = contesté
why-settled = réglé
why-end-asked = autre fin demandée
why-resized = se termine à un autre moment
why-end-kept = la fin plus tardive ne tenait pas
why-end-refused = autre fin refusée
why-notice-given = préavis donné
why-booking-taken = la place était prise
why-booking-displaced = une autre a été acceptée avant

length-days =
    { $n ->
        [one] { $n } jour
       *[other] { $n } jours
    }
length-hours = { $n } h
length-minutes = { $n } min
col-free = Libres
free-none = Rien n'est libre alors.
calendar-signs = ○ libre   ◐ en partie, avec les heures qui restent   ● complet   – fermé   * jour férié
calendar-booked = Réservé :
calendar-mine = par vous
calendar-not-firm = pas encore ferme
calendar-exported =
    { $n ->
        [one] { $n } réservation écrite
       *[other] { $n } réservations écrites
    } dans { $file }.
calendar-imported =
    { $n ->
        [one] { $n } événement lu
       *[other] { $n } événements lus
    }, { $blocked ->
        [one] { $blocked } fermeture
       *[other] { $blocked } fermetures
    }.
calendar-left-out = L'événement { $n } n'a pu être lu ({ $why }).
quote-once = Toute la réservation
quote-hours = { $n } h
quote-days =
    { $n ->
        [one] { $n } jour
       *[other] { $n } jours
    }
quote-weeks =
    { $n ->
        [one] { $n } semaine
       *[other] { $n } semaines
    }
quote-months = { $n } mois
series-counts = { $free } libres, { $conflicts } non
series-instead = à la place : { $when }
series-left-out = laissée de côté
series-total = En tout
series-total-free = Celles qui sont libres
series-done = fait
series-nothing-open = Rien de cette série ne s'y prête.
field-series = Série
quote-total = Total
quote-no-total = jusqu'à nouvel ordre : pas de total
quote-cancel = Annulation sans frais jusqu'au { $until } ; après, { $percent } % sont dus.
quote-available = C'est possible, d'après ce qui est su ici.
terms-would-not-fit =
    { $n ->
        [one] { $n } réservation confirmée reste, mais ne serait plus permise :
       *[other] { $n } réservations confirmées restent, mais ne seraient plus permises :
    }
terms-dry-run = Rien n'a été changé.
terms-closed = fermé
terms-attended-ends = Les heures comptent quand on la prend et quand on la rapporte.
terms-cancel = sans frais jusqu'à { $before } avant ; après, { $percent } % sont dus
field-prices = Tarifs
field-deposit = Caution
field-min = Au moins
field-max = Au plus
field-notice = Préavis
field-leave-notice = Préavis pour y mettre fin
field-horizon = À l'avance au plus
field-step = Par pas de
field-buffer = Entre deux réservations
field-hours = Heures d'ouverture :
field-holidays = Jours fériés
field-blocked = Fermé
field-quota = Pour un membre
field-cancel = Annulation
footing-building = Demandé par quelqu'un du bâtiment du propriétaire.
footing-landlord = Demandé par quelqu'un du même bailleur que le propriétaire.
footing-outside = Demandé par quelqu'un d'un autre bâtiment et d'un autre bailleur.
footing-not-served = L'annonce ne lui est pas ouverte : seule une personne peut dire oui.
footing-not-me = (pas à vous)
open-to-building = ceux du bâtiment du propriétaire
open-to-landlord = ceux du bâtiment ou du bailleur du propriétaire
open-to-nobody = personne
attestation-required = qui demande doit être attesté par un bailleur
field-open-to = Ouvert à
field-attestation = Attestation
field-consent = Loué, et reloué avec l'accord du bailleur
text-accepted-current = Le texte de l'annonce est accepté.
text-accepted-other = Un autre texte a été accepté que celui de l'annonce maintenant : un plus ancien.
text-accepted-missing = Le texte de l'annonce n'est pas accepté.
field-accept = En demandant, on accepte
quota-bookings =
    { $n ->
        [one] { $n } réservation
       *[other] { $n } réservations
    }
quota-day = par jour
quota-week = par semaine
quota-month = par mois
quota-ahead = à venir
quota-rolling =
    en { $n ->
        [one] { $n } jour
       *[other] { $n } jours
    }
holiday-new-year = jour de l'an
holiday-good-friday = vendredi saint
holiday-easter-monday = lundi de Pâques
holiday-labour-day = fête du Travail
holiday-victory-1945 = Victoire 1945
holiday-ascension = Ascension
holiday-whit-monday = lundi de Pentecôte
holiday-national-day = fête nationale
holiday-assumption = Assomption
holiday-all-saints = Toussaint
holiday-armistice-1918 = Armistice 1918
holiday-christmas = Noël
holiday-saint-stephen = Saint-Étienne
why-taken = la place était prise
why-terms = les conditions ne le permettent pas
why-not-eligible = pas ouvert à cette personne
why-unavailable = impossible à ce moment
why-parts = une partie, ou le tout, est réservée
why-lapsed = personne n'a répondu à temps
why-withdrawn = l'annonce a été retirée
why-closed = qui a décidé n'a plus ce droit
why-requester-gone = qui avait demandé n'est plus du voisinage
why-owner-gone = son propriétaire n'est plus du voisinage

reminders-none = Rien n'est à faire.
reminder-starts-soon = { $title } : commence { $when }
reminder-hand-over = { $title } : on vient le chercher { $when }
reminder-return-due = { $title } : à rendre avant { $when }
reminder-overdue = { $title } : devait être rendu { $when }
reminder-notice-ends = { $title } : prend fin { $when }
reminder-question = { $title } : quelqu'un demande et attend une réponse
reminder-end-question = { $title } : quelqu'un demande une autre fin
reminder-offer-runs-out = { $title } : ce qui vous est proposé passera bientôt au suivant ; prenez-le maintenant
reminder-help-soon = { $title } : coup de main convenu pour { $when }
reminder-help-done = { $title } : est-ce fait ? Dites-le
