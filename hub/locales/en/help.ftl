### Help. A message for each command, named by its path; `arg-…` for each argument.

help-heading-usage = Usage:
help-heading-commands = Commands:
help-heading-arguments = Arguments:
help-heading-options = Options:
help-heading-example = Example:

help = Sharing between neighbours, without a server: help, tools, parking places, storage, rooms.
    .example =
        palier init --name Jeanne
        palier hood found "12 rue des Lilas"
        palier demo
help-init = Makes a home and an identity, and shows the recovery words once.
    .example = palier init --name Jeanne
help-run = Stays in touch with the neighbours until it is stopped. Other commands go through it.
    .example =
        palier run
        palier run --listen 0.0.0.0:4747 --advertise 203.0.113.5:4747
help-sync = Exchanges what is new with the neighbours, once.
    .example = palier sync --within 30s
help-status = Says how things stand: entries, neighbours in touch, digest of the open rows.
    .example = palier status --json
help-doctor = Checks the home: damaged rows, logs continued twice.
    .example = palier doctor --rebuild
help-demo = Shows a whole neighbourhood at work on this computer, in separate processes.
    .example = palier demo --keep /tmp/palier-demo --hold 60s
help-completions = Writes completions for a shell.
    .example = palier completions bash > ~/.local/share/bash-completion/completions/palier
help-schema = Writes the JSON Schema of the answers.
    .example = palier schema Booking
help-dump = Writes all open rows, one a line.
    .example = palier dump --open
help-hood = Neighbourhoods: found, list, show, leave.
    .example = palier hood list
help-hood-found = Founds a neighbourhood. Its founder is its first coordinator.
    .example = palier hood found "12 rue des Lilas"
help-hood-list = Lists the neighbourhoods of this home.
    .example = palier hood list
help-hood-show = Shows a neighbourhood.
    .example = palier -n lilas hood show
help-hood-sheet = Shows what to keep beside the twelve words, to come back to this neighbourhood.
    .example = palier hood sheet
help-hood-leave = Leaves a neighbourhood.
    .example = palier -n lilas hood leave
help-invite = Invitations: create, list, revoke.
    .example = palier invite create
help-invite-create = Makes an invitation to send or show.
    .example = palier invite create --approval --uses 20 --expires 7d
help-invite-list = Lists the invitations made here.
    .example = palier invite list
help-invite-revoke = Makes an invitation worthless.
    .example = palier invite revoke inv_abcd
help-join = Joins a neighbourhood by an invitation.
    .example = palier join palier:LINK --lives "B, 3rd floor"
help-member = Members: list, show, approve, attest, appoint, dismiss, remove.
    .example = palier member list
help-member-list = Lists the members, and who waits.
    .example = palier member list --limit 50
help-member-show = Shows a member.
    .example = palier member show mem_abcdefgh
help-member-approve = Lets in somebody who waits.
    .example = palier member approve mem_abcdefgh --building B --landlord HLM
help-member-refuse = Does not let somebody in who waits; they are told at their next exchange.
    .example = palier member refuse mem_abcdefgh
help-member-attest = Attests where a member lives.
    .example = palier member attest mem_abcdefgh --building B
help-member-appoint = Gives a member a role.
    .example = palier member appoint mem_abcdefgh coordinator
help-member-dismiss = Takes a role back.
    .example = palier member dismiss mem_abcdefgh coordinator
help-member-remove = Removes a member. What they wrote afterwards does not count.
    .example = palier member remove mem_abcdefgh
help-group = Groups: found, list, show, add, remove. A group has managers, listings, and an account of minutes.
    .example = palier group list
help-group-found = Founds a group; whoever does is its first manager.
    .example = palier group found "Tool library" --about "Drills and ladders of the house"
help-group-list = Lists the groups, with who manages them and what lies on their accounts.
    .example = palier group list
help-group-show = Shows a group.
    .example = palier group show grp_abcdefgh
help-group-add = Makes a member a manager: by any manager, or a coordinator.
    .example = palier group add grp_abcdefgh mem_abcdefgh
help-group-remove = Ends a manager: by himself, by whoever managed the group before him, or by a coordinator. What he writes for it afterwards does not count.
    .example = palier group remove grp_abcdefgh mem_abcdefgh
help-device = Devices of this person: list, link, revoke, recover.
    .example = palier device list
help-device-list = Lists the devices of this person.
    .example = palier device list
help-device-link = Links a second device: a link from the old to the new one, then a code compared on both.
    .example =
        palier device link
        palier device link palier:LINK
        palier device link --confirm 314159
help-device-revoke = Revokes a lost device. What it writes afterwards does not count.
    .example = palier device revoke dev_abcdefgh
help-device-recover = Makes a home for the identity of a recovery sheet.
    .example = palier device recover --phrase words.txt --link palier:LINK
help-profile = The profile neighbours see: show, edit.
    .example = palier profile show
help-profile-show = Shows one's own profile, or a neighbour's.
    .example = palier profile show mem_abcdefgh
help-profile-edit = Changes one's own profile.
    .example = palier profile edit --about "Third floor, has a drill" --languages fr,ar
help-listing = Offers, needs, tools, parking, storage, rooms: add, list, show, edit, pause, fill, withdraw, renew, holder.
    .example = palier listing list
help-listing-add = Publishes a listing.
    .example =
        palier listing add tool --title "Hammer drill" --text "With its bits" --price free
        palier listing add parking --title "Place 14" --price 5eur/day
        palier listing add room --title "Common room" --hours "mon-fri 08:00-20:00" --hours "sat 10:00-02:00" --holidays closed --step 30m --min 1h --max 8h --notice 2h --horizon 90d --price 2eur/h --price 12eur/day --deposit 50eur --cancel "48h 50%"
        palier listing add parking --title "Garage" --part "Place 1" --part "Place 2"
        palier listing add tool --title "Ladder" --group grp_abcdefgh
help-listing-list = Lists what is shared.
    .example = palier listing list --kind tool
help-listing-show = Shows a listing.
    .example = palier listing show lst_abcdefgh
help-listing-edit = Changes a listing. New terms leave what is confirmed as it is, and say what of it they would not allow.
    .example =
        palier listing edit lst_abcdefgh --title "Hammer drill, 800 W"
        palier listing edit lst_abcdefgh --step 30m --notice 1h --quota 3/week --dry-run
help-listing-pause = Hides a listing for a while.
    .example = palier listing pause lst_abcdefgh
help-listing-fill = Says that an offer or a need found what it was for. `renew` shows it again.
    .example = palier listing fill lst_abcdefgh
help-listing-withdraw = Takes a listing back for good.
    .example = palier listing withdraw lst_abcdefgh
help-listing-renew = Shows a listing again, or for longer.
    .example = palier listing renew lst_abcdefgh --until +30d
help-listing-holder = Says which device decides about a listing.
    .example = palier listing holder lst_abcdefgh dev_abcdefgh
help-search = Finds listings. Accents and capitals do not matter. A search that is kept tells of what is new, while `palier run` is up or when it next starts.
    .example =
        palier search drill --kind tool --price free
        palier search drill --kind tool --price free --save drills
        palier search --saved drills
help-photo = Photos of listings: add, get.
    .example = palier photo add lst_abcdefgh drill.jpg
help-photo-add = Adds a photo to a listing of one's own. The place it was taken at is removed.
    .example = palier photo add lst_abcdefgh drill.jpg
help-photo-get = Writes a photo into a file.
    .example = palier photo get blb_abcdefgh drill.jpg
help-calendar = When things are free, and what they cost: show, free, quote, block, due, export, import.
    .example = palier calendar show lst_abcdefgh
help-calendar-show = Shows a month of a listing, or another range: free, booked, closed.
    .example = palier calendar show lst_abcdefgh --month 2027-03
help-calendar-free = Says when a listing is free; without one, which of a kind are free then.
    .example =
        palier calendar free lst_abcdefgh --from 2027-03-01 --to 2027-03-08 --length 2h
        palier calendar free --kind room --on saturday-morning --length 2h
help-calendar-quote = Says line by line what it would cost, and whether it could be had.
    .example =
        palier calendar quote lst_abcdefgh --start 2027-03-28 --end 2027-03-29
        palier calendar quote lst_abcdefgh --on saturday-morning
help-calendar-block = Closes a listing for a while, or opens it again. What is confirmed stays.
    .example = palier calendar block lst_abcdefgh --from 2027-08-01 --to 2027-08-16
help-calendar-due = Says what is due in the next days, for a phone to schedule: what begins, is to be handed over, brought back or answered.
    .example = palier calendar due --within 7d
help-calendar-export = Writes bookings into a calendar file (iCalendar) that other calendars read.
    .example = palier calendar export bookings.ics --mine
help-calendar-import = Closes a listing when a calendar file says that somebody is busy. Only times are read.
    .example = palier calendar import lst_abcdefgh busy.ics
help-booking = Requests and answers: request, propose, accept, refuse, extend, notice, cancel, done, handover, return, problem, list, show.
    .example = palier booking list
help-booking-request = Asks for something, from one time to another; or answers an offer or a need.
    .example =
        palier booking request lst_abcdefgh --start 2026-12-01T14:00 --end 2026-12-01T18:00
        palier booking request lst_abcdefgh --text "I can help with the shelves"
help-booking-propose = Proposes a time for help, first or instead of another. The other side agrees with `accept`.
    .example = palier booking propose bkg_abcdefgh --start 2026-12-01T14:00 --end 2026-12-01T16:00 --minutes 90 --text "Stairwell B, 3rd floor"
help-booking-done = Says that help was done. Whoever was helped pays by that what was agreed in minutes, if this device can.
    .example = palier booking done bkg_abcdefgh --text "Thank you!"
help-booking-accept = Accepts a request; of help, agrees to the newest time that the other side proposed.
    .example = palier booking accept bkg_abcdefgh
help-booking-refuse = Refuses a request.
    .example = palier booking refuse bkg_abcdefgh --text "The drill is broken"
help-booking-cancel = Takes back one's own request, or what one had accepted.
    .example = palier booking cancel bkg_abcdefgh
help-booking-extend = Asks for another end, or answers that. With --dry-run it only says what it would cost and what is against it.
    .example =
        palier booking extend bkg_abcdefgh --until 2026-12-02T18:00 --text "It rained"
        palier booking extend bkg_abcdefgh --until 2026-12-02T18:00 --dry-run
        palier booking extend bkg_abcdefgh --no-end
        palier booking extend bkg_abcdefgh --accept
        palier booking extend bkg_abcdefgh --refuse --text "I need it myself"
help-booking-notice = Ends a booking that has no end. The terms say how long before: listing add --leave-notice.
    .example = palier booking notice bkg_abcdefgh --until 2027-03-31T18:00
help-booking-handover = Says that it passed to whoever asked for it. Both sides say so, or one with the other's code.
    .example = palier booking handover bkg_abcdefgh --text "A scratch on the lid"
help-booking-return = Says that it came back. What the owner says is back early is free for others.
    .example = palier booking return bkg_abcdefgh
help-booking-problem = Says what went wrong: no-show, damaged, lost, occupied, overstay, disputed, settled, not-back.
    .example = palier booking problem bkg_abcdefgh damaged --text "The cable is cut"
help-qr = Signed words as codes, checked without a network: show, verify.
    .example = palier qr show bkg_abcdefgh --step handover
help-qr-show = Shows one's word on a hand-over or a return as a code. It is good for a day.
    .example = palier qr show bkg_abcdefgh --step handover
help-qr-verify = Checks such a code: who signed it, of which booking. It takes no network.
    .example = palier qr verify palier:b/… --step handover
help-booking-list = Lists bookings.
    .example = palier booking list --to-decide
help-booking-show = Shows a booking: how it stands, whom it waits for, what happened.
    .example = palier booking show bkg_abcdefgh
help-series = What comes again: plan, create.
    .example = palier series plan lst_abcdefgh --start 2026-12-01T18:00 --end 2026-12-01T20:00 --every tue --until 2027-06-01
help-series-plan = Shows every date of a series, what it costs and what stands against it. Nothing is written.
    .example = palier series plan lst_abcdefgh --start 2026-12-01T18:00 --end 2026-12-01T20:00 --every tue --until 2027-06-01
help-series-create = Asks for every date of a series at once, or for all but those that cannot be had. Each is a booking of its own.
    .example = palier series create lst_abcdefgh --start 2026-12-01T18:00 --end 2026-12-01T20:00 --every tue --until 2027-06-01 --skip-conflicts
help-waitlist = Waiting lists: list, join, offer, take, leave.
    .example = palier waitlist
help-waitlist-list = Lists where this person waits, or who waits for one's own listing.
    .example = palier waitlist list lst_abcdefgh
help-waitlist-join = Waits for a slot that is taken.
    .example = palier waitlist join bkg_abcdefgh
help-waitlist-offer = Offers somebody who waits what came free, for a while.
    .example = palier waitlist offer bkg_abcdefgh --for-time 24h
help-waitlist-take = Takes what one was offered.
    .example = palier waitlist take bkg_abcdefgh
help-waitlist-leave = Waits no longer.
    .example = palier waitlist leave bkg_abcdefgh
help-credit = Minutes of help: balance, give, allot, pay, list.
    .example = palier credit balance
help-credit-balance = Shows how one stands, or how a neighbour or a group does. What can be spent here and the balance are two figures: no other device of one's own can spend what lies here.
    .example =
        palier credit balance
        palier credit balance --of grp_abcdefgh
help-credit-give = Gives minutes to a neighbour or to a group; of a group's account, where one manages it.
    .example =
        palier credit give mem_abcdefgh --minutes 90 --note "For the shelves"
        palier credit give grp_abcdefgh --minutes 30
        palier credit give mem_abcdefgh --minutes 20 --of grp_abcdefgh
help-credit-allot = Passes a part of what can be spent here to another device of one's own; of a group's account, to a device of another manager.
    .example =
        palier credit allot dev_abcdefgh --minutes 60
        palier credit allot dev_abcdefgh --minutes 20 --of grp_abcdefgh
help-credit-pay = Pays what is left of what a deal was agreed to cost; from the other side, gives back what was paid twice.
    .example = palier credit pay bkg_abcdefgh
help-credit-list = Lists what was given and received, newest first.
    .example =
        palier credit list
        palier credit list --csv credits.csv
        palier credit list --of grp_abcdefgh
help-thanks = Thanks after a deal: give, withdraw, list.
    .example = palier thanks list
help-thanks-give = Thanks the other side of a deal that is over, or says it otherwise. It is shown when both have spoken, or after seven days.
    .example = palier thanks give bkg_abcdefgh --text "Quick and kind"
help-thanks-withdraw = Takes one's own thanks back.
    .example = palier thanks withdraw bkg_abcdefgh
help-thanks-list = Lists the thanks that oneself or a neighbour received.
    .example = palier thanks list mem_abcdefgh
help-bundle = Entries as a file, for when there is no network: export, import.
    .example = palier bundle export lilas.palier
help-bundle-export = Writes what this home holds into a file.
    .example = palier bundle export lilas.palier
help-bundle-import = Takes what a file holds, through the same gate as the network.
    .example = palier bundle import lilas.palier

arg-help = Show this help
arg-version = Show the version
arg-home = Where data lie [or PALIER_HOME; otherwise the platform's place]
arg-profile = The profile in it, one per person on a shared computer [or PALIER_AS]
arg-hood = The neighbourhood, needed only with several: id, start of it, or name
arg-mandate-of = Act under a mandate of this member
arg-json = One JSON object on standard output
arg-offline = Open no socket
arg-now = The time to claim: 2026-12-01T14:00, with or without +01:00, or +2h
arg-lang = The language: fr or en [otherwise the locale's, else fr]
arg-quiet = Say only what a script needs
arg-verbose = Say more in the log; -vv for everything
arg-name = The name neighbours see
arg-listen = Where to listen, as 0.0.0.0:4747 or a multiaddress; may be given several times
arg-advertise = What to tell others instead of it; may be given several times
arg-peer = Somebody to dial at once; may be given several times
arg-no-mdns = Do not look for neighbours on the local network
arg-within = How long at most [default: 30s]
arg-device-link-within = How long to wait for the other device [default: 2m]
arg-calendar-due-within = How far ahead [default: 7d]
arg-rebuild = Build what screens read anew from the logs
arg-keep = Make the homes in this folder and keep them
arg-hold = Stay up at the end, to look around
arg-shell = The shell: bash, elvish, fish, powershell or zsh
arg-answer = The name of one answer; without it, all
arg-open = What every member may read; nothing else can be dumped
arg-file = The file
arg-hood-found-name = Its name
arg-zone = Roughly where: building, street, district
arg-hood-found-zone = The time zone of its clocks, as Europe/Paris [otherwise the computer's]
arg-approval = Somebody must approve who comes
arg-uses = How many people it lets in [default: 1]
arg-expires = How long it holds [default: 14d]
arg-id = The invitation, as `invite list` shows it
arg-link = The invitation
arg-device-link-link = On the new device: the link that the old one shows
arg-device-recover-within = How long to wait for a neighbour [default: 30s]
arg-device-recover-link = An invitation, or the link of the recovery sheet
arg-lives = Where one lives: building, stairs, floor. Only who admits reads it
arg-member = The member
arg-building = The building, by the code the neighbourhood uses
arg-landlord = The landlord, by the code the neighbourhood uses
arg-role = The role: coordinator or hub
arg-device = The device
arg-confirm = On both devices: the code that the other one shows
arg-phrase = A file with the twelve words [otherwise they are read from standard input]
arg-about = A few words about oneself
arg-languages = Languages spoken, as fr,ar
arg-limit = How many at most [default: 100]
arg-after = What `next` said
arg-kind = What is shared: offer, need, tool, parking, storage, room or event
arg-title = A short title
arg-text = The description
arg-booking-request-text = A word to the owner; only who decides reads it
arg-booking-request-accept = Accept the text that the listing asks to accept (`listing show` has it)
arg-series-create-accept = Accept the text that the listing asks to accept (`listing show` has it)
arg-booking-request-start = From when: 2026-12-01T14:00, with or without +01:00, or +2h; an offer or a need can be answered without
arg-booking-request-minutes = Minutes of help it is worth, of an offer or a need
arg-booking-propose-end = Until when
arg-booking-propose-minutes = Minutes of help it is worth [otherwise what the listing's price comes to]
arg-booking-propose-text = The exact place, a phone number; only the other side reads it
arg-booking-done-text = A word to the other side, who alone reads it
arg-thanks-give-text = The word; every neighbour may read it
arg-thanks-list-member = Whom [otherwise oneself]
arg-series = All of this series that are open
arg-booking-list-series = Only of this series
arg-series-plan-start = When the first begins; it comes again at that time of the clock of the place
arg-series-plan-end = When that first one ends
arg-series-create-start = When the first begins; it comes again at that time of the clock of the place
arg-series-create-end = When that first one ends
arg-every = How it comes again: day, 3 days, tue,thu, 2 weeks fri, month, month 1,15, month -1 (the last day), month 2tue (the second Tuesday)
arg-series-plan-until = The last day, included: 2027-06-30
arg-series-create-until = The last day, included: 2027-06-30
arg-count = How many times, instead of a last day
arg-except = Dates on which nothing of it is: 2026-12-22, 2026-12-20..2027-01-03; may be given several times
arg-skip-conflicts = All but the dates that cannot be had
arg-skip = All but these dates, which must be days of it; may be given several times
arg-series-create-text = A word to the owner; only who decides reads it
arg-anyway = Even what somebody who waits was offered; all can see it
arg-wait = Wait where it is taken
arg-for-time = For how long: 24h, 2d [otherwise what the listing says]
arg-waitlist-offer-text = A word to whoever waits; only the two sides read it
arg-offer = How long somebody who waits is offered room that came free: 24h; 0s or none: accepted at once
arg-calendar-block-cancel = It cannot be used then: what is booked in it falls, and those who asked are told
arg-calendar-block-text = Why; only those whose bookings fall read it
arg-booking-refuse-text = Why; only the other side reads it
arg-booking-cancel-text = Why; only the other side reads it
arg-booking-extend-until = The end asked for
arg-no-end = Ask for no end: until notice
arg-booking-extend-accept = Say yes to the end that was asked for
arg-refuse = Say no to it
arg-booking-extend-text = A word with it; only the other side reads it
arg-booking-extend-dry-run = Only say what it would cost and what is against it
arg-booking-notice-until = When it ends
arg-booking-notice-text = A word with it; only the other side reads it
arg-booking-handover-text = Its condition; only the other side reads it
arg-booking-return-text = Its condition; only the other side reads it
arg-booking-problem-text = More about it; only the other side reads it
arg-qr = What the other side's device shows: their word as well
arg-what = What: no-show, damaged, lost, occupied, overstay, disputed, settled or not-back
arg-qr-show-step = About what: handover or return
arg-qr-verify-step = It must be about this: handover or return
arg-qr-verify-code = The code's text
arg-qr-verify-booking = It must be of this booking
arg-capacity = How many alike [default: one]
arg-instant = The deciding device accepts by itself what is free
arg-part = Title of a part that can be booked by itself; what is booked of a part keeps the whole, and the other way round; may be given several times
arg-holder = The device that decides [otherwise this one]
arg-category = The category
arg-price = The price: free, 60min/h (minutes of help), 4.50eur/day; several times for several lengths of time
arg-by-request = A person answers each request
arg-min = Shortest booking: 30m, 2h, 1d, none
arg-max = Longest booking: 30m, 2h, 1d; none: also until notice
arg-notice = Asked for at least so long before: 2h, 1d, none
arg-leave-notice = What has no end is ended at least so long before: 30d, none
arg-horizon = Asked for at most so long before: 90d, none
arg-step = Bookings begin and end on these steps of the clock: 15m, 1h, none
arg-buffer = Free time between two bookings: 15m, none
arg-hours = Opening hours: "mon-fri 08:00-20:00"; several times for several days; always
arg-closed = Closed on these dates: 2027-12-25, 2027-12-24..2028-01-02; or again and again: "every mon 12:00-14:00", "every month 1mon 08:00-12:00", never (no more of those); may be given several times
arg-day = Hours of dates unlike others: "2027-12-24 10:00-14:00", "2027-12-24 usual"; may be given several times
arg-holidays = On public holidays: open, closed or hours as 10:00-16:00; "alsace-moselle closed" for those too
arg-attended = Hours count throughout (a room) or at both ends (a tool that is brought back)
arg-quota = Most for one member: 2/week, 10h/month, 3/30d, 2/ahead, none; may be given several times
arg-deposit = Deposit, given back: 50eur, free
arg-cancel = Free of charge until so long before, then this part of the price is due: "48h 50%", none
arg-tiers = Who may ask: building, landlord, all [all]
arg-attestation = Whether a landlord must attest whoever asks: required, none [none]
arg-rented = It is rented from a landlord and let on; takes --consent
arg-consent = Where the landlord agrees to that: a date, a reference; everybody reads it
arg-owned = It is one's own: no consent needed
arg-accept = What is agreed to by asking
arg-time-zone = The time zone of the place, as Europe/Paris [otherwise the neighbourhood's]
arg-dry-run = Only say what it would do to bookings
arg-month = The month, as 2027-03 [otherwise this one]
arg-from = From when: 2026-12-01T14:00, with or without +01:00, or +2h
arg-to = Until when
arg-on = A day or a part of one: saturday-morning, tomorrow-evening, 2027-03-28
arg-length = Only what is free for so long: 2h, 1d
arg-remove = Open it again
arg-calendar-export-file = Where to write it
arg-calendar-export-listing = The bookings of this listing of one's own
arg-calendar-export-mine = One's own bookings
arg-calendar-import-file = The calendar file
arg-calendar-import-to = Up to when it is read [default: +366d]
arg-search-save = Keep this search under a name; `palier run` tells of what is new
arg-search-saved = The searches that are kept; with a name, what that one finds
arg-search-forget = Keep a search no longer
arg-search-price = At most this price: free, 60min/h (minutes of help), 4.50eur/day
arg-until = Until when it is shown
arg-mine = Only one's own, with those paused and withdrawn
arg-listing = The listing
arg-words = The words to find
arg-photo = The photo, as `listing show` names it
arg-start = From when: 2026-12-01T14:00, with or without +01:00, or +2h
arg-end = Until when [otherwise until notice, where the listing allows it]
arg-quantity = How many of those alike [default: 1]
arg-booking = The booking
arg-minutes = How many minutes
arg-of = The group whose account is meant [otherwise one's own]
arg-group = The group
arg-listing-add-group = The group that shares it, which one manages [otherwise oneself]
arg-group-found-name = The group's name
arg-group-found-about = A few words about the group
arg-credit-give-to = To whom: a member or a group
arg-credit-balance-member = A neighbour [otherwise oneself]
arg-note = A word that the two alone read; it stands in no ledger
arg-csv = Write all of it into this file, as CSV
arg-to-decide = Only what waits for one's own answer
