### Aide. Un message par commande, nommé par son chemin ; `arg-…` pour chaque argument.

help-heading-usage = Utilisation :
help-heading-commands = Commandes :
help-heading-arguments = Arguments :
help-heading-options = Options :
help-heading-example = Exemple :

help = Partager entre voisins, sans serveur : coups de main, outils, parking, rangement, salles.
    .example =
        palier init --name Jeanne
        palier hood found "12 rue des Lilas"
        palier demo
help-init = Crée un foyer et une identité, et montre une seule fois les mots de secours.
    .example = palier init --name Jeanne
help-run = Reste en lien avec les voisins jusqu'à l'arrêt. Les autres commandes passent par lui.
    .example =
        palier run
        palier run --listen 0.0.0.0:4747 --advertise 203.0.113.5:4747
help-sync = Échange une fois les nouveautés avec les voisins.
    .example = palier sync --within 30s
help-status = Dit où en sont les choses : écrits, voisins en lien, empreinte des données ouvertes.
    .example = palier status --json
help-doctor = Examine le foyer : données abîmées, journaux continués deux fois.
    .example = palier doctor --rebuild
help-demo = Montre un voisinage entier à l'œuvre sur cet ordinateur, dans des processus séparés.
    .example = palier demo --keep /tmp/palier-demo --hold 60s
help-completions = Écrit les complétions pour un interpréteur de commandes.
    .example = palier completions bash > ~/.local/share/bash-completion/completions/palier
help-schema = Écrit le schéma JSON des réponses.
    .example = palier schema Booking
help-dump = Écrit toutes les données ouvertes, une par ligne.
    .example = palier dump --open
help-hood = Voisinages : fonder, lister, montrer, quitter.
    .example = palier hood list
help-hood-found = Fonde un voisinage. Qui le fonde en est la première coordination.
    .example = palier hood found "12 rue des Lilas"
help-hood-list = Liste les voisinages de ce foyer.
    .example = palier hood list
help-hood-show = Montre un voisinage.
    .example = palier -n lilas hood show
help-hood-sheet = Montre ce qui se garde avec les douze mots pour retrouver ce voisinage.
    .example = palier hood sheet
help-hood-leave = Quitte un voisinage.
    .example = palier -n lilas hood leave
help-invite = Invitations : créer, lister, révoquer.
    .example = palier invite create
help-invite-create = Crée une invitation à envoyer ou à montrer.
    .example = palier invite create --approval --uses 20 --expires 7d
help-invite-list = Liste les invitations créées ici.
    .example = palier invite list
help-invite-revoke = Rend une invitation sans valeur.
    .example = palier invite revoke inv_abcd
help-join = Rejoint un voisinage par une invitation.
    .example = palier join palier:LIEN --lives "B, 3e étage"
help-member = Membres : lister, montrer, accepter, attester, nommer, démettre, retirer.
    .example = palier member list
help-member-list = Liste les membres, et qui attend.
    .example = palier member list --limit 50
help-member-show = Montre un membre.
    .example = palier member show mem_abcdefgh
help-member-approve = Fait entrer quelqu'un qui attend.
    .example = palier member approve mem_abcdefgh --building B --landlord HLM
help-member-refuse = Ne laisse pas entrer quelqu'un qui attend ; il l'apprend à son prochain échange.
    .example = palier member refuse mem_abcdefgh
help-member-attest = Atteste où un membre habite.
    .example = palier member attest mem_abcdefgh --building B
help-member-appoint = Donne un rôle à un membre.
    .example = palier member appoint mem_abcdefgh coordinator
help-member-dismiss = Reprend un rôle.
    .example = palier member dismiss mem_abcdefgh coordinator
help-member-remove = Retire un membre. Ce qu'il écrit ensuite ne compte pas.
    .example = palier member remove mem_abcdefgh
help-group = Groupes : fonder, lister, montrer, ajouter, retirer. Un groupe a des responsables, des annonces, et un compte de minutes.
    .example = palier group list
help-group-found = Fonde un groupe ; qui le fonde en est le premier responsable.
    .example = palier group found "Outilthèque" --about "Perceuses et échelles de l'immeuble"
help-group-list = Liste les groupes, avec leurs responsables et ce qu'il y a sur leurs comptes.
    .example = palier group list
help-group-show = Montre un groupe.
    .example = palier group show grp_abcdefgh
help-group-add = Fait d'un membre un responsable : par tout responsable, ou par la coordination.
    .example = palier group add grp_abcdefgh mem_abcdefgh
help-group-remove = Retire un responsable : par lui-même, par qui l'était avant lui, ou par la coordination. Ce qu'il écrit ensuite pour le groupe ne compte pas.
    .example = palier group remove grp_abcdefgh mem_abcdefgh
help-device = Appareils de cette personne : lister, associer, révoquer, retrouver.
    .example = palier device list
help-device-list = Liste les appareils de cette personne.
    .example = palier device list
help-device-link = Associe un second appareil : un lien de l'ancien au nouveau, puis un code comparé sur les deux.
    .example =
        palier device link
        palier device link palier:LIEN
        palier device link --confirm 314159
help-device-revoke = Révoque un appareil perdu. Ce qu'il écrit ensuite ne compte pas.
    .example = palier device revoke dev_abcdefgh
help-device-recover = Crée un foyer pour l'identité d'une fiche de secours.
    .example = palier device recover --phrase mots.txt --link palier:LIEN
help-profile = Le profil que voient les voisins : montrer, modifier.
    .example = palier profile show
help-profile-show = Montre son profil, ou celui d'un voisin.
    .example = palier profile show mem_abcdefgh
help-profile-edit = Modifie son profil.
    .example = palier profile edit --about "Troisième étage, a une perceuse" --languages fr,ar
help-listing = Offres, besoins, outils, parking, rangement, salles : publier, lister, montrer, modifier, suspendre, pourvoir, retirer, prolonger, confier.
    .example = palier listing list
help-listing-add = Publie une annonce.
    .example =
        palier listing add tool --title "Perceuse à percussion" --text "Avec ses forets" --price free
        palier listing add parking --title "Place 14" --price 5eur/jour
        palier listing add room --title "Salle commune" --hours "lun-ven 08:00-20:00" --hours "sam 10:00-02:00" --holidays fermé --step 30m --min 1h --max 8h --notice 2h --horizon 90d --price 2eur/h --price 12eur/jour --deposit 50eur --cancel "48h 50%"
        palier listing add parking --title "Garage" --part "Place 1" --part "Place 2"
        palier listing add tool --title "Échelle" --group grp_abcdefgh
help-listing-list = Liste ce qui se partage.
    .example = palier listing list --kind tool
help-listing-show = Montre une annonce.
    .example = palier listing show lst_abcdefgh
help-listing-edit = Modifie une annonce. De nouvelles conditions laissent ce qui est confirmé, et disent ce qu'elles n'en permettraient plus.
    .example =
        palier listing edit lst_abcdefgh --title "Perceuse à percussion, 800 W"
        palier listing edit lst_abcdefgh --step 30m --notice 1h --quota 3/semaine --dry-run
help-listing-pause = Cache une annonce pour un temps.
    .example = palier listing pause lst_abcdefgh
help-listing-fill = Dit qu'une offre ou un besoin a trouvé. `renew` la remontre.
    .example = palier listing fill lst_abcdefgh
help-listing-withdraw = Retire une annonce pour de bon.
    .example = palier listing withdraw lst_abcdefgh
help-listing-renew = Remontre une annonce, ou plus longtemps.
    .example = palier listing renew lst_abcdefgh --until +30d
help-listing-holder = Dit quel appareil décide pour une annonce.
    .example = palier listing holder lst_abcdefgh dev_abcdefgh
help-search = Trouve des annonces. Ni les accents ni les majuscules ne comptent. Une recherche gardée dit ce qu'il y a de nouveau, tant que `palier run` tourne ou dès qu'il reprend.
    .example =
        palier search perceuse --kind tool --price free
        palier search perceuse --kind tool --price free --save perceuses
        palier search --saved perceuses
help-photo = Photos des annonces : ajouter, récupérer.
    .example = palier photo add lst_abcdefgh perceuse.jpg
help-photo-add = Ajoute une photo à l'une de ses annonces. Le lieu de prise de vue en est ôté.
    .example = palier photo add lst_abcdefgh perceuse.jpg
help-photo-get = Écrit une photo dans un fichier.
    .example = palier photo get blb_abcdefgh perceuse.jpg
help-calendar = Quand les choses sont libres, et ce qu'elles coûtent : montrer, libre, devis, fermer, rappels, exporter, importer.
    .example = palier calendar show lst_abcdefgh
help-calendar-show = Montre un mois d'une annonce, ou une autre période : libre, réservé, fermé.
    .example = palier calendar show lst_abcdefgh --month 2027-03
help-calendar-free = Dit quand une annonce est libre ; sans annonce, lesquelles d'un genre le sont alors.
    .example =
        palier calendar free lst_abcdefgh --from 2027-03-01 --to 2027-03-08 --length 2h
        palier calendar free --kind room --on samedi-matin --length 2h
help-calendar-quote = Dit ligne par ligne ce que cela coûterait, et si c'est possible.
    .example =
        palier calendar quote lst_abcdefgh --start 2027-03-28 --end 2027-03-29
        palier calendar quote lst_abcdefgh --on samedi-matin
help-calendar-block = Ferme une annonce pour un temps, ou la rouvre. Ce qui est confirmé reste.
    .example = palier calendar block lst_abcdefgh --from 2027-08-01 --to 2027-08-16
help-calendar-due = Dit ce qui est à faire ces prochains jours, pour qu'un téléphone le rappelle : ce qui commence, se remet, se rend ou attend une réponse.
    .example = palier calendar due --within 7d
help-calendar-export = Écrit des réservations dans un fichier d'agenda (iCalendar) que lisent d'autres agendas.
    .example = palier calendar export reservations.ics --mine
help-calendar-import = Ferme une annonce quand un fichier d'agenda dit qu'on est pris. Seules les heures sont lues.
    .example = palier calendar import lst_abcdefgh pris.ics
help-booking = Demandes et réponses : demander, proposer, accepter, refuser, prolonger, préavis, annuler, dire fait, remettre, rendre, signaler, lister, montrer.
    .example = palier booking list
help-booking-request = Demande quelque chose, d'un moment à un autre ; ou répond à une offre ou à un besoin.
    .example =
        palier booking request lst_abcdefgh --start 2026-12-01T14:00 --end 2026-12-01T18:00
        palier booking request lst_abcdefgh --text "Je peux aider pour les étagères"
help-booking-propose = Propose un moment pour l'aide, le premier ou à la place d'un autre. L'autre côté dit oui avec `accept`.
    .example = palier booking propose bkg_abcdefgh --start 2026-12-01T14:00 --end 2026-12-01T16:00 --minutes 90 --text "Escalier B, 3e étage"
help-booking-done = Dit que l'aide est faite. Qui a été aidé paie par là les minutes convenues, si cet appareil le peut.
    .example = palier booking done bkg_abcdefgh --text "Merci !"
help-booking-accept = Accepte une demande ; pour de l'aide, dit oui au dernier moment proposé par l'autre côté.
    .example = palier booking accept bkg_abcdefgh
help-booking-refuse = Refuse une demande.
    .example = palier booking refuse bkg_abcdefgh --text "La perceuse est cassée"
help-booking-cancel = Reprend sa demande, ou ce que l'on avait accepté.
    .example = palier booking cancel bkg_abcdefgh
help-booking-extend = Demande une autre fin, ou y répond. Avec --dry-run, dit seulement ce que cela coûterait et ce qui s'y oppose.
    .example =
        palier booking extend bkg_abcdefgh --until 2026-12-02T18:00 --text "Il a plu"
        palier booking extend bkg_abcdefgh --until 2026-12-02T18:00 --dry-run
        palier booking extend bkg_abcdefgh --no-end
        palier booking extend bkg_abcdefgh --accept
        palier booking extend bkg_abcdefgh --refuse --text "J'en ai besoin moi-même"
help-booking-notice = Met fin à une réservation sans fin. Les conditions disent combien de temps avant : listing add --leave-notice.
    .example = palier booking notice bkg_abcdefgh --until 2027-03-31T18:00
help-booking-handover = Dit que c'est remis à qui l'avait demandé. Les deux côtés le disent, ou l'un avec le code de l'autre.
    .example = palier booking handover bkg_abcdefgh --text "Une rayure sur le couvercle"
help-booking-return = Dit que c'est rendu. Ce que le propriétaire dit rendu plus tôt est libre pour d'autres.
    .example = palier booking return bkg_abcdefgh
help-booking-problem = Dit ce qui ne va pas : no-show, damaged, lost, occupied, overstay, disputed, settled, not-back.
    .example = palier booking problem bkg_abcdefgh damaged --text "Le câble est coupé"
help-qr = Paroles signées sous forme de codes, vérifiées sans réseau : montrer, vérifier.
    .example = palier qr show bkg_abcdefgh --step handover
help-qr-show = Montre sa parole sur une remise ou un retour sous forme de code. Il vaut un jour.
    .example = palier qr show bkg_abcdefgh --step handover
help-qr-verify = Vérifie un tel code : qui l'a signé, pour quelle réservation. Sans réseau.
    .example = palier qr verify palier:b/… --step handover
help-booking-list = Liste les réservations.
    .example = palier booking list --to-decide
help-booking-show = Montre une réservation : où elle en est, qui elle attend, ce qui s'est passé.
    .example = palier booking show bkg_abcdefgh
help-series = Ce qui revient : plan, create.
    .example = palier series plan lst_abcdefgh --start 2026-12-01T18:00 --end 2026-12-01T20:00 --every mar --until 2027-06-01
help-series-plan = Montre chaque date d'une série, son prix et ce qui s'y oppose. Rien n'est écrit.
    .example = palier series plan lst_abcdefgh --start 2026-12-01T18:00 --end 2026-12-01T20:00 --every mar --until 2027-06-01
help-series-create = Demande d'un coup chaque date d'une série, ou toutes sauf celles qui ne sont pas possibles. Chacune est une réservation à part.
    .example = palier series create lst_abcdefgh --start 2026-12-01T18:00 --end 2026-12-01T20:00 --every mar --until 2027-06-01 --skip-conflicts
help-waitlist = Listes d'attente : lister, rejoindre, proposer, accepter, quitter.
    .example = palier waitlist
help-waitlist-list = Liste où cette personne attend, ou qui attend l'une de ses annonces.
    .example = palier waitlist list lst_abcdefgh
help-waitlist-join = Attend un créneau qui est pris.
    .example = palier waitlist join bkg_abcdefgh
help-waitlist-offer = Propose à quelqu'un qui attend ce qui s'est libéré, pour un temps.
    .example = palier waitlist offer bkg_abcdefgh --for-time 24h
help-waitlist-take = Accepte ce qui a été proposé.
    .example = palier waitlist take bkg_abcdefgh
help-waitlist-leave = N'attend plus.
    .example = palier waitlist leave bkg_abcdefgh
help-credit = Minutes d'entraide : solde, donner, répartir, payer, lister.
    .example = palier credit balance
help-credit-balance = Montre où l'on en est, ou où en est un voisin ou un groupe. Ce qu'on peut dépenser ici et le solde sont deux chiffres : aucun autre de ses appareils ne peut dépenser ce qui est ici.
    .example =
        palier credit balance
        palier credit balance --of grp_abcdefgh
help-credit-give = Donne des minutes à un voisin ou à un groupe ; du compte d'un groupe, quand on en est responsable.
    .example =
        palier credit give mem_abcdefgh --minutes 90 --note "Pour les étagères"
        palier credit give grp_abcdefgh --minutes 30
        palier credit give mem_abcdefgh --minutes 20 --of grp_abcdefgh
help-credit-allot = Passe une part de ce qu'on peut dépenser ici à un autre de ses appareils ; du compte d'un groupe, à un appareil d'un autre responsable.
    .example =
        palier credit allot dev_abcdefgh --minutes 60
        palier credit allot dev_abcdefgh --minutes 20 --of grp_abcdefgh
help-credit-pay = Paie ce qui reste de ce qui fut convenu ; de l'autre côté, rend ce qui fut payé deux fois.
    .example = palier credit pay bkg_abcdefgh
help-credit-list = Liste ce qui fut donné et reçu, le plus récent d'abord.
    .example =
        palier credit list
        palier credit list --csv credits.csv
        palier credit list --of grp_abcdefgh
help-thanks = Mercis après un échange : dire, reprendre, lister.
    .example = palier thanks list
help-thanks-give = Remercie l'autre côté d'un échange terminé, ou le dit autrement. C'est montré quand les deux ont parlé, ou après sept jours.
    .example = palier thanks give bkg_abcdefgh --text "Rapide et aimable"
help-thanks-withdraw = Reprend son merci.
    .example = palier thanks withdraw bkg_abcdefgh
help-thanks-list = Liste les mercis que l'on a reçus, ou qu'un voisin a reçus.
    .example = palier thanks list mem_abcdefgh
help-bundle = Les écrits dans un fichier, quand il n'y a pas de réseau : exporter, importer.
    .example = palier bundle export lilas.palier
help-bundle-export = Écrit dans un fichier ce que contient ce foyer.
    .example = palier bundle export lilas.palier
help-bundle-import = Prend ce que contient un fichier, par la même porte que le réseau.
    .example = palier bundle import lilas.palier

arg-help = Montrer cette aide
arg-version = Montrer la version
arg-home = Où sont les données [ou PALIER_HOME ; sinon la place prévue par le système]
arg-profile = Le profil dedans, un par personne sur un ordinateur partagé [ou PALIER_AS]
arg-hood = Le voisinage, utile seulement s'il y en a plusieurs : identifiant, son début, ou nom
arg-mandate-of = Agir sous mandat de ce membre
arg-json = Un objet JSON sur la sortie standard
arg-offline = N'ouvrir aucune connexion
arg-now = L'heure à déclarer : 2026-12-01T14:00, avec ou sans +01:00, ou +2h
arg-lang = La langue : fr ou en [sinon celle du système, à défaut fr]
arg-quiet = Ne dire que ce qu'il faut à un script
arg-verbose = En dire plus dans le journal ; -vv pour tout
arg-name = Le nom que voient les voisins
arg-listen = Où écouter, comme 0.0.0.0:4747 ou une multiadresse ; peut se répéter
arg-advertise = Ce qu'il faut annoncer à la place ; peut se répéter
arg-peer = Quelqu'un à appeler tout de suite ; peut se répéter
arg-no-mdns = Ne pas chercher de voisins sur le réseau local
arg-within = Combien de temps au plus [par défaut : 30s]
arg-device-link-within = Combien de temps attendre l'autre appareil [par défaut : 2m]
arg-calendar-due-within = Jusqu'où regarder [par défaut : 7d]
arg-rebuild = Reconstruire depuis les journaux ce que lisent les écrans
arg-keep = Créer les foyers dans ce dossier et les garder
arg-hold = Rester en marche à la fin, pour regarder
arg-shell = L'interpréteur : bash, elvish, fish, powershell ou zsh
arg-answer = Le nom d'une réponse ; sans lui, toutes
arg-open = Ce que tout membre peut lire ; rien d'autre ne peut s'écrire
arg-file = Le fichier
arg-hood-found-name = Son nom
arg-zone = À peu près où : immeuble, rue, quartier
arg-hood-found-zone = Le fuseau de ses horloges, comme Europe/Paris [sinon celui de l'ordinateur]
arg-approval = Quelqu'un doit accepter qui vient
arg-uses = Combien de personnes elle fait entrer [par défaut : 1]
arg-expires = Combien de temps elle vaut [par défaut : 14d]
arg-id = L'invitation, comme la montre `invite list`
arg-link = L'invitation
arg-device-link-link = Sur le nouvel appareil : le lien que montre l'ancien
arg-device-recover-within = Combien de temps attendre un voisin [par défaut : 30s]
arg-device-recover-link = Une invitation, ou le lien de la fiche de secours
arg-lives = Où l'on habite : bâtiment, escalier, étage. Seul qui fait entrer le lit
arg-member = Le membre
arg-building = L'immeuble, par le code qu'emploie le voisinage
arg-landlord = Le bailleur, par le code qu'emploie le voisinage
arg-role = Le rôle : coordinator (coordination) ou hub (relais)
arg-device = L'appareil
arg-confirm = Sur les deux appareils : le code que montre l'autre
arg-phrase = Un fichier avec les douze mots [sinon ils sont lus sur l'entrée standard]
arg-about = Quelques mots sur soi
arg-languages = Langues parlées, comme fr,ar
arg-limit = Combien au plus [par défaut : 100]
arg-after = Ce que disait `next`
arg-kind = Ce qui se partage : offer (offre), need (besoin), tool (outil), parking, storage (rangement), room (salle) ou event (événement)
arg-title = Un titre court
arg-text = La description
arg-booking-request-text = Un mot au propriétaire ; seul qui décide le lit
arg-booking-request-accept = Accepter le texte que l'annonce demande d'accepter (`listing show` le montre)
arg-series-create-accept = Accepter le texte que l'annonce demande d'accepter (`listing show` le montre)
arg-booking-request-start = À partir de quand : 2026-12-01T14:00, avec ou sans +01:00, ou +2h ; on peut répondre sans à une offre ou un besoin
arg-booking-request-minutes = Minutes d'entraide que cela vaut, pour une offre ou un besoin
arg-booking-propose-end = Jusqu'à quand
arg-booking-propose-minutes = Minutes d'entraide que cela vaut [sinon ce que donne le prix de l'annonce]
arg-booking-propose-text = L'endroit exact, un téléphone ; seul l'autre côté le lit
arg-booking-done-text = Un mot à l'autre côté, qui seul le lit
arg-thanks-give-text = Le mot ; tout voisin peut le lire
arg-thanks-list-member = Qui [sinon soi-même]
arg-series = Tout ce qui est ouvert de cette série
arg-booking-list-series = Seulement de cette série
arg-series-plan-start = Quand commence la première ; elle revient à cette heure de l'horloge du lieu
arg-series-plan-end = Quand finit cette première
arg-series-create-start = Quand commence la première ; elle revient à cette heure de l'horloge du lieu
arg-series-create-end = Quand finit cette première
arg-every = Comment cela revient : jour, 3 jours, mar,jeu, 2 semaines ven, mois, mois 1,15, mois -1 (le dernier jour), mois 2mar (le deuxième mardi)
arg-series-plan-until = Le dernier jour, compris : 2027-06-30
arg-series-create-until = Le dernier jour, compris : 2027-06-30
arg-count = Combien de fois, au lieu d'un dernier jour
arg-except = Dates où il n'y en a pas : 2026-12-22, 2026-12-20..2027-01-03 ; peut être donné plusieurs fois
arg-skip-conflicts = Toutes sauf les dates qui ne sont pas possibles
arg-skip = Toutes sauf ces dates, qui doivent être des jours de la série ; peut être donné plusieurs fois
arg-series-create-text = Un mot au propriétaire ; seul qui décide le lit
arg-anyway = Même ce qui a été proposé à quelqu'un qui attend ; tous le voient
arg-wait = Attendre si c'est pris
arg-for-time = Pour combien de temps : 24h, 2d [sinon ce que dit l'annonce]
arg-waitlist-offer-text = Un mot à qui attend ; seuls les deux côtés le lisent
arg-offer = Combien de temps ce qui s'est libéré est proposé à qui attend : 24h ; 0s ou aucun : accepté tout de suite
arg-calendar-block-cancel = On ne peut pas s'en servir alors : ce qui y est réservé tombe, et qui l'avait demandé est prévenu
arg-calendar-block-text = Pourquoi ; seuls ceux dont les réservations tombent le lisent
arg-booking-refuse-text = Pourquoi ; seul l'autre côté le lit
arg-booking-cancel-text = Pourquoi ; seul l'autre côté le lit
arg-booking-extend-until = La fin demandée
arg-no-end = Demande sans fin : jusqu'à nouvel ordre
arg-booking-extend-accept = Dit oui à la fin demandée
arg-refuse = Dit non
arg-booking-extend-text = Un mot avec ; seul l'autre côté le lit
arg-booking-extend-dry-run = Dit seulement ce que cela coûterait et ce qui s'y oppose
arg-booking-notice-until = Quand elle se termine
arg-booking-notice-text = Un mot avec ; seul l'autre côté le lit
arg-booking-handover-text = Son état ; seul l'autre côté le lit
arg-booking-return-text = Son état ; seul l'autre côté le lit
arg-booking-problem-text = Plus de détails ; seul l'autre côté les lit
arg-qr = Ce que montre l'appareil de l'autre côté : sa parole aussi
arg-what = Quoi : no-show, damaged, lost, occupied, overstay, disputed, settled ou not-back
arg-qr-show-step = À propos de quoi : handover (remise) ou return (retour)
arg-qr-verify-step = Il doit porter là-dessus : handover (remise) ou return (retour)
arg-qr-verify-code = Le texte du code
arg-qr-verify-booking = Il doit être celui de cette réservation
arg-capacity = Combien de pareils [par défaut : un]
arg-instant = L'appareil qui décide accepte de lui-même ce qui est libre
arg-part = Titre d'une partie qui se réserve seule ; ce qui est réservé d'une partie retient le tout, et inversement ; peut être répété
arg-holder = L'appareil qui décide [sinon celui-ci]
arg-category = La catégorie
arg-price = Le prix : free (gratuit), 60min/h (minutes d'entraide), 4.50eur/jour ; plusieurs fois pour plusieurs durées
arg-by-request = Une personne répond à chaque demande
arg-min = Réservation la plus courte : 30m, 2h, 1d, aucune
arg-max = Réservation la plus longue : 30m, 2h, 1d ; aucune : aussi jusqu'à nouvel ordre
arg-notice = Demandée au moins si longtemps avant : 2h, 1d, aucun
arg-leave-notice = Préavis pour mettre fin à ce qui est sans fin : 30d, aucun
arg-horizon = Demandée au plus si longtemps avant : 90d, aucun
arg-step = Les réservations commencent et finissent à ces pas de l'horloge : 15m, 1h, aucun
arg-buffer = Temps libre entre deux réservations : 15m, aucun
arg-hours = Heures d'ouverture : "lun-ven 08:00-20:00" ; plusieurs fois pour plusieurs jours ; toujours
arg-closed = Fermé à ces dates : 2027-12-25, 2027-12-24..2028-01-02 ; ou chaque fois : "chaque lun 12:00-14:00", "chaque mois 1lun 08:00-12:00", jamais (plus rien de tel) ; peut être donné plusieurs fois
arg-day = Heures de dates à part : "2027-12-24 10:00-14:00", "2027-12-24 habituel" ; peut être donné plusieurs fois
arg-holidays = Les jours fériés : ouvert, fermé ou des heures comme 10:00-16:00 ; "alsace-moselle fermé" pour ceux-là aussi
arg-attended = Les heures comptent tout du long (throughout, une salle) ou aux deux bouts (ends, un outil qu'on rapporte)
arg-quota = Au plus pour un membre : 2/semaine, 10h/mois, 3/30d, 2/ahead, aucun ; peut être donné plusieurs fois
arg-deposit = Caution, rendue : 50eur, free
arg-cancel = Sans frais jusqu'à si longtemps avant, puis cette part du prix est due : "48h 50%", aucun
arg-tiers = Qui peut demander : building (bâtiment), landlord (bailleur), all (tous) [all]
arg-attestation = Si un bailleur doit attester qui demande : required (oui), none (non) [none]
arg-rented = C'est loué à un bailleur, et reloué ; demande --consent
arg-consent = Où le bailleur y consent : une date, une référence ; tous le lisent
arg-owned = C'est à soi : sans accord de personne
arg-accept = Ce qu'on accepte en demandant
arg-time-zone = Le fuseau horaire du lieu, comme Europe/Paris [sinon celui du voisinage]
arg-dry-run = Dire seulement ce que cela ferait aux réservations
arg-month = Le mois, comme 2027-03 [sinon celui-ci]
arg-from = À partir de quand : 2026-12-01T14:00, avec ou sans +01:00, ou +2h
arg-to = Jusqu'à quand
arg-on = Un jour ou une partie d'un jour : samedi-matin, demain-soir, 2027-03-28
arg-length = Seulement ce qui est libre si longtemps : 2h, 1d
arg-remove = La rouvrir
arg-calendar-export-file = Où l'écrire
arg-calendar-export-listing = Les réservations de cette annonce à soi
arg-calendar-export-mine = Ses propres réservations
arg-calendar-import-file = Le fichier d'agenda
arg-calendar-import-to = Jusqu'à quand il est lu [par défaut : +366d]
arg-search-save = Garder cette recherche sous un nom ; `palier run` dit ce qu'il y a de nouveau
arg-search-saved = Les recherches gardées ; avec un nom, ce que celle-là trouve
arg-search-forget = Ne plus garder une recherche
arg-search-price = Au plus ce prix : free (gratuit), 60min/h (minutes d'entraide), 4.50eur/jour
arg-until = Jusqu'à quand elle est montrée
arg-mine = Seulement les siennes, avec celles suspendues et retirées
arg-listing = L'annonce
arg-words = Les mots à trouver
arg-photo = La photo, comme la nomme `listing show`
arg-start = À partir de quand : 2026-12-01T14:00, avec ou sans +01:00, ou +2h
arg-end = Jusqu'à quand [sinon jusqu'à nouvel ordre, si l'annonce le permet]
arg-quantity = Combien de ces pareils [par défaut : 1]
arg-booking = La réservation
arg-minutes = Combien de minutes
arg-of = Le groupe dont on veut le compte [sinon le sien]
arg-group = Le groupe
arg-listing-add-group = Le groupe qui le partage, dont on est responsable [sinon soi-même]
arg-group-found-name = Le nom du groupe
arg-group-found-about = Quelques mots sur le groupe
arg-credit-give-to = À qui : un membre ou un groupe
arg-credit-balance-member = Un voisin [sinon soi-même]
arg-note = Un mot que les deux seuls lisent ; il n'est dans aucun registre
arg-csv = Tout écrire dans ce fichier, en CSV
arg-to-decide = Seulement ce qui attend sa propre réponse
