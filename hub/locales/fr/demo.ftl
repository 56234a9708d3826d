### L'histoire de `palier demo`.

demo-begin = { $n } processus sur cet ordinateur, chacun avec son foyer. Ils ne se joignent que par des passages que cette démonstration peut couper.
demo-founded = { $who } fonde « 12 rue des Lilas ».
demo-joined = { $who } entre par l'invitation.
demo-everyone = Chacun des { $n } processus liste maintenant les { $n } membres.
demo-drill = Perceuse à percussion
demo-drill-words = PERCEUSE a percussion
demo-help = Aide pour les formulaires
demo-place = Place de parking 14
demo-offered = { $owner } propose « { $title } » ; { $reader } le voit.
demo-searched = { $who } cherche « { $words } » et trouve.
demo-lent = { $owner } la prête à { $who }, qui lit : confirmée, ferme.
demo-cut = Le réseau est coupé en deux : le relais, Awa et Jeanne ici ; le téléphone de Marcel, Karim et Lise là.
demo-accepted-firm = { $who } demande la place de parking ; { $decider } accepte. { $who } lit : confirmée, ferme.
demo-accepted = { $who } demande la même place ; { $decider } supplée et accepte. { $who } lit : confirmée, pas encore ferme.
demo-healed = Le réseau est rétabli.
demo-holder = Partout une seule personne a la place : { $who }.
demo-displaced =
    { $who } lit : écartée, une autre a été acceptée avant. { $n ->
        [0] Rien d'autre n'est libre.
        [one] { $n } autre moment est libre.
       *[other] { $n } autres moments sont libres.
    } Rang sur la liste d'attente : { $place }.
demo-hold =
    Tout reste en marche { $seconds ->
        [one] { $seconds } seconde
       *[other] { $seconds } secondes
    }. Pour regarder : palier --home { $directory }/karim booking list
demo-kept = Les foyers sont gardés dans { $directory }. Pour regarder : palier --home { $directory }/karim booking list
demo-gone = Les foyers sont effacés. Pour les garder et regarder dedans : palier demo --keep DOSSIER
demo-node = Processus
demo-entries = Écrits
demo-in = Reçu
demo-out = Envoyé
demo-digest = Données ouvertes
demo-agree =
    Tous d'accord : { $holders ->
        [one] { $holders } titulaire
       *[other] { $holders } titulaires
    }, { $displaced ->
        [one] { $displaced } écartée
       *[other] { $displaced } écartées
    }, en { $seconds } s.
demo-disagree =
    Pas d'accord : { $holders ->
        [one] { $holders } titulaire
       *[other] { $holders } titulaires
    }, { $displaced ->
        [one] { $displaced } écartée
       *[other] { $displaced } écartées
    }, après { $seconds } s.
