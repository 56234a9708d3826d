### The story of `palier demo`.

demo-begin = { $n } processes on this computer, each with a home of its own. They meet only through forwarders that this demo can cut.
demo-founded = { $who } founds “12 rue des Lilas”.
demo-joined = { $who } joins by the invitation.
demo-everyone = Each of the { $n } processes now lists all { $n } members.
demo-drill = Hammer drill
demo-drill-words = hammer DRILL
demo-help = Help with forms
demo-place = Parking place 14
demo-offered = { $owner } offers “{ $title }”; { $reader } sees it.
demo-searched = { $who } searches for “{ $words }” and finds it.
demo-lent = { $owner } lends it to { $who }, who reads: confirmed, firm.
demo-cut = The network is cut in two: hub, Awa and Jeanne here; Marcel's phone, Karim and Lise there.
demo-accepted-firm = { $who } asks for the parking place; { $decider } accepts. { $who } reads: confirmed, firm.
demo-accepted = { $who } asks for the same parking place; { $decider } stands in and accepts. { $who } reads: confirmed, not firm yet.
demo-healed = The network is joined again.
demo-holder = Everywhere one holder: { $who }.
demo-displaced =
    { $who } reads: displaced, another was accepted first. { $n ->
        [0] Nothing else is free.
        [one] 1 other time is free.
       *[other] { $n } other times are free.
    } Place on the waiting list: { $place }.
demo-hold =
    Everything stays up for { $seconds ->
        [one] 1 second
       *[other] { $seconds } seconds
    }. Look around: palier --home { $directory }/karim booking list
demo-kept = The homes are kept in { $directory }. Look around: palier --home { $directory }/karim booking list
demo-gone = The homes are gone again. To keep them and look into them: palier demo --keep DIR
demo-node = Process
demo-entries = Entries
demo-in = In
demo-out = Out
demo-digest = Open rows
demo-agree =
    All agree: { $holders ->
        [one] 1 holder
       *[other] { $holders } holders
    }, { $displaced } displaced, in { $seconds } s.
demo-disagree =
    They do not agree: { $holders ->
        [one] 1 holder
       *[other] { $holders } holders
    }, { $displaced } displaced, after { $seconds } s.
