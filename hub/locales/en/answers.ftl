### What people read for each answer.

decimal-point = .
size-bytes = { $n } B
size-kilo = { $n } kB
size-mega = { $n } MB
size-giga = { $n } GB

monday = Monday
tuesday = Tuesday
wednesday = Wednesday
thursday = Thursday
friday = Friday
saturday = Saturday
sunday = Sunday
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
date = { $weekday } { $day } { $month } { $year }
until-notice = from { $from }, until notice

stage-working = Working…
stage-opening = Opening…
stage-waiting = Waiting for another command…
stage-meeting = Looking for neighbours…
stage-syncing = Exchanging entries
stage-checking = Checking entries
stage-bundling = Entries

saved = Saved: { $id }
list-next = There are more: --after { $next }

init-done = Welcome. You are { $member }. Write these words on paper, in one of the two languages:
init-keep = They bring you back if you lose this device. They are not kept here and not shown again.
welcome = There is nothing here yet. Three ways to begin:
welcome-found = 1. Found a neighbourhood
welcome-join = 2. I have an invitation
welcome-recover = 3. I have my recovery sheet

col-id = Id
col-name = Name
col-asks = Asks
col-members = Members
col-status = Status
col-roles = Roles
col-this = This one
col-kind = Kind
col-title = Title
col-owner = From
col-price = Price
col-when = When
col-place = Place
field-home = Home
field-device = This device
field-digest = Digest of the open rows
field-zone = Where
field-lives = Says to live
field-building = Building
field-landlord = Landlord
field-since = Since
field-languages = Languages
field-category = Category
field-capacity = Alike
field-until = Shown until
field-holder = Decided by
field-part-of = Part of
field-parts = Parts
field-photos = Photos
field-reason = Why

status-no-hood = No neighbourhood yet. `palier hood found NAME` or `palier join LINK`.
status-all-hoods = Several neighbourhoods, taken together: -n says which one.
status-figures =
    { $entries ->
        [one] 1 entry
       *[other] { $entries } entries
    } in { $documents ->
        [one] 1 document
       *[other] { $documents } documents
    } of { $nodes ->
        [one] 1 device
       *[other] { $nodes } devices
    }, { $size }
status-unsent =
    { $n ->
        [one] 1 act of yours has not left this device yet.
       *[other] { $n } acts of yours have not left this device yet.
    }
status-peers =
    { $n ->
        [0] In touch with nobody right now.
        [one] In touch with 1 neighbour:
       *[other] In touch with { $n } neighbours:
    }
status-asleep = Not in touch: `palier run` stays in touch, `palier sync` exchanges once.
peer-relayed = through a hub
peer-direct = directly

run-ready =
    { $n ->
        [0] Ready, without listening.
       *[other] Ready. Listening on { $at }.
    }
run-peer-joined = In touch with { $who }.
run-peer-relayed = In touch with { $who } through a hub.
run-peer-left = { $who } is gone.
run-received =
    { $n ->
        [one] 1 new entry.
       *[other] { $n } new entries.
    }
run-awaiting = Your application still waits for a coordinator.
run-applied = Somebody asks to join ({ $who }): `palier member list` says who, `palier member approve { $who }` lets them in.
run-search-matched = New, as you asked in “{ $names }”: { $title } ({ $id })
run-stopped = Stopped. Everything is saved.

sync-complete =
    Up to date with { $peers ->
        [one] 1 neighbour
       *[other] { $peers } neighbours
    }: { $received ->
        [one] 1 entry
       *[other] { $received } entries
    } received, { $sent } sent.
sync-partial =
    Time ran out: { $received ->
        [one] 1 entry
       *[other] { $received } entries
    } received, { $sent } sent ({ $peers ->
        [one] 1 neighbour
       *[other] { $peers } neighbours
    }). The next sync goes on from there.

doctor-ok =
    All is well: { $n ->
        [one] 1 entry
       *[other] { $n } entries
    } checked.
doctor-not-ok =
    Something needs attention ({ $n ->
        [one] 1 entry
       *[other] { $n } entries
    } checked).
doctor-rebuilt = What screens read was built anew.
doctor-fork =
    Device { $device } continued a log twice ({ $n } ends): a backup put back, or a copy. Nothing is lost.
doctor-quarantined = Damaged on disk and set aside: { $key } in { $table } ({ $code }). The next sync brings it again.

bundle-exported =
    { $n ->
        [one] 1 entry
       *[other] { $n } entries
    } written to { $file } ({ $size }).
bundle-imported =
    { $n ->
        [0] Nothing new in it.
        [one] 1 new entry taken.
       *[other] { $n } new entries taken.
    }
bundle-refused =
    { $n ->
        [one] 1 refused
       *[other] { $n } refused
    } ({ $code }).

hoods-none = No neighbourhood yet. `palier hood found NAME` or `palier join LINK`.
hood-members =
    { $n ->
        [one] 1 member
       *[other] { $n } members
    }
hood-hubs =
    { $n ->
        [0] no hub
        [one] 1 hub
       *[other] { $n } hubs
    }
invite-open =
    Lets in { $n ->
        [one] 1 person
       *[other] { $n } people
    } until { $until }.
invite-approval =
    Lets in { $n ->
        [one] 1 person
       *[other] { $n } people
    } until { $until }, once a coordinator approves.
invites-none = No invitations.
join-joined = You are in. Welcome!
join-awaiting = Your request has arrived. A coordinator must approve it; you will be let in by the next sync after that.
join-refused = The invitation was not accepted.

member-member = member
member-awaiting = waits for approval
member-refused = refused
member-left = left
member-removed = removed
member-device =
    { $device }: { $n ->
        [one] 1 entry
       *[other] { $n } entries
    } accepted
role-coordinator = coordinator
role-hub = hub
role-founder = founder
device-active = active
device-pending = being linked
device-revoked = revoked
link-offered = Give this link to the new device: palier device link LINK
link-compare = Code: { $code }. If the other device shows the same, give on both: palier device link --confirm { $typed }
link-confirmed = Confirmed here. Confirm on the other device too.
link-done = The two devices are linked.
sheet = Print this link or code and keep it with the twelve words, in a safe place: with them a new device finds this neighbourhood again. Show it to nobody else.
recovered =
    Welcome back, { $member }. { $n ->
        [0] No neighbourhood found yet: ask a neighbour for an invitation.
        [one] 1 neighbourhood found.
       *[other] { $n } neighbourhoods found.
    }

kind-offer = offer
kind-need = need
kind-tool = tool
kind-parking = parking
kind-storage = storage
kind-room = room
kind-event = event
listing-published = published
listing-paused = paused
listing-filled = filled
listing-expired = expired
listing-withdrawn = withdrawn
listings-none = Nothing found.
searches-none = No kept searches. `palier search WORDS --save NAME` keeps one.
search-at-most = at most { $price }
search-all = everything
price-free = free
price-credits = { $n } min of help{ $per }
price-euros = €{ $amount }{ $per }
per-once = {""}
per-hour = {" "}an hour
per-day = {" "}a day
per-week = {" "}a week
per-month = {" "}a month
photo-added = Photo added: { $id }
photo-file =
    Written to { $file } ({ $bytes ->
        [one] 1 byte
       *[other] { $bytes } bytes
    }).

bookings-none = No bookings.
booking-requested = requested
booking-firm = confirmed, firm
booking-confirmed = confirmed, not firm yet
booking-displaced = displaced
booking-refused = refused
booking-cancelled = cancelled
booking-handed-over = handed over
booking-overdue = not back yet, past its end
booking-returned = back, as one side says
booking-ended = over
booking-no-show = nobody came
booking-lost = lost
booking-disputed = the two sides disagree
booking-closed = closed
booking-proposed = a time is proposed
booking-agreed = agreed
booking-due = its time is over: was it done?
booking-done = done, as one side says
booking-withdrawn = taken back
booking-lapsed = long over; nobody said anything
no-time = no time yet
listing-answers =
    { $n ->
        [one] 1 answer
       *[other] { $n } answers
    }
proposal-agreed = Agreed: { $when }, { $price }
proposal-mine = You proposed: { $when }, { $price }
proposal-theirs = Proposed to you: { $when }, { $price }
payment-due-mine = To be paid by you: { $time }. `palier credit pay` does it.
payment-due-theirs = To be paid by the other side: { $time }
payment-held = Paid, does not count yet: { $time }
payment-paid = Paid: { $time }
payment-excess = Paid twice: { $time } to be given back, with `palier credit pay` by whoever received it.
thanks-none = No thanks yet.
thanks-mutual = Each thanked the other.
thanks-hidden = Others see it when the other side has spoken, or from { $until } on.
member-thanks =
    { $n ->
        [one] Thanked once
       *[other] Thanked { $n } times
    }
qr-handover = hand-over
qr-return = return
qr-shown = Your word on the { $step }, until { $until }. The other side gives it to `booking handover` or `booking return` with --qr; anybody can check it with `qr verify`.
qr-valid = Valid: { $step } of { $title }, booking { $booking }, by { $holder }, { $at }.
booking-waiting-for = Firm once it has the word of { $who }.
end-none = until notice
end-now = Ends now
end-more = More than before
end-less = Less than before
end-latest = It could be kept until { $end }.
end-not-firm = Its end is not firm yet.
end-asked = Asked to end: { $end }. Not answered yet.
end-granted = Asked to end: { $end }. Granted.
end-did-not-fit = Asked to end: { $end }. Granted, but another booking stood there first: it ends as before.
end-refused = Asked to end: { $end }. Refused.
end-lapsed = Asked to end: { $end }. Nobody answered in time.
side-requester = whoever has it
side-owner = the owner
notice-took = Notice given by { $by }: it ends { $end }.
notice-given = Notice given by { $by } for { $end }; the device that decides has not taken it up yet.
notice-too-early = That is too early for the terms: { $end } is the first end that could be named.
booking-waitlist = Place { $n } on the waiting list.
booking-alternatives = Free instead:
delivery-on-device = Still on this device.
delivery-sent = Left this device.
delivery-received = Received by the other side.
booking-waiting = on the waiting list
booking-offered = offered: an answer is awaited
offer-until = It is offered until { $until }: `palier waitlist take` takes it.
offer-taken = The offer was taken.
offer-ran-out = The offer ran out at { $until }.
field-text = Word
waitlist-mine = yours
waitlist-room = there is room
waitlist-offered = offered until { $until }
waitlist-overtaken = { $n ->
    [one] passed over once
   *[other] passed over { $n } times
}
terms-cancelled = { $n ->
    [one] One booking falls:
   *[other] { $n } bookings fall:
}
terms-no-offer = accepted at once
field-offer = Offered to who waits for
why-queued = put on the waiting list
why-overtaken = another was accepted where this one waited
why-offered = offered what came free
why-taken-up = took the offer
why-offer-ran-out = the offer ran out
waitlist-none = Nobody waits.

groups-none = There is no group yet. `palier group found NAME` founds one.
col-managers = Managers
credits-none = Nothing was given or received yet.
col-minutes = Time
col-who = Who
col-note = Note
field-spendable = Can be spent here
field-balance = Balance
field-line = Line
field-held-in = Held, to come in
field-held-out = Held, to go out
field-overdraft = Below the line by
credit-double-spend = The same minutes were spent twice. Neighbours make no new deal.
credit-device =
    { $this ->
        [yes] { $device } (this one): { $time }
       *[no] { $device }: { $time }
    }
credit-allotted = between your devices
credit-counts = counts
credit-held = held
credit-file =
    { $n ->
        [one] One line is in { $file }.
       *[other] { $n } lines are in { $file }.
    }

why-requested = requested
why-accepted = accepted
why-answered = answered
why-proposed = a time proposed
why-agreed = agreed
why-declined = declined
why-answer-withdrawn = taken back
why-done = done
why-cancelled-by-requester = called off by whoever answered
why-cancelled-by-owner = called off by the owner
why-refused = refused
why-cancelled = cancelled
why-released = given back
why-still-out = not back yet
why-not-back = whoever had it before has not brought it back
why-displaced = displaced: another was accepted first
why-firm = firm
why-waiting = on the waiting list
why-hand-over = handed over
why-return = returned
why-no-show = nobody came
why-ended-early = back before its end
why-damaged = damaged
why-lost = lost
why-occupied = somebody else is in the place
why-overstay = still taken past its end
why-disputed = disputed
why-settled = settled
why-end-asked = another end asked for
why-resized = ends at another time
why-end-kept = the later end did not fit
why-end-refused = another end refused
why-notice-given = notice given
why-booking-taken = the place was taken
why-booking-displaced = another was accepted first

length-days =
    { $n ->
        [one] 1 day
       *[other] { $n } days
    }
length-hours = { $n } h
length-minutes = { $n } min
col-free = Free
free-none = Nothing is free then.
calendar-signs = ○ free   ◐ partly, with the hours left   ● full   – closed   * public holiday
calendar-booked = Booked:
calendar-mine = yours
calendar-not-firm = not firm yet
calendar-exported =
    { $n ->
        [one] 1 booking
       *[other] { $n } bookings
    } written to { $file }.
calendar-imported =
    { $n ->
        [one] 1 event read
       *[other] { $n } events read
    }, closed { $blocked ->
        [one] once
       *[other] { $blocked } times
    }.
calendar-left-out = Event { $n } could not be read ({ $why }).
quote-once = The whole booking
quote-hours = { $n } h
quote-days =
    { $n ->
        [one] 1 day
       *[other] { $n } days
    }
quote-weeks =
    { $n ->
        [one] 1 week
       *[other] { $n } weeks
    }
quote-months =
    { $n ->
        [one] 1 month
       *[other] { $n } months
    }
series-counts = { $free } free, { $conflicts } not
series-instead = instead: { $when }
series-left-out = left out
series-total = All together
series-total-free = Those that are free
series-done = done
series-nothing-open = Nothing of this series is open to that.
field-series = Series
quote-total = Total
quote-no-total = until notice: no total
quote-cancel = Cancelled free of charge until { $until }; after that { $percent } % is due.
quote-available = It could be had, as far as is known here.
terms-would-not-fit =
    { $n ->
        [one] 1 confirmed booking stays, though it would not be allowed any more:
       *[other] { $n } confirmed bookings stay, though they would not be allowed any more:
    }
terms-dry-run = Nothing was changed.
terms-closed = closed
terms-attended-ends = Hours count when it is taken and when it is brought back.
terms-cancel = free of charge until { $before } before; after that { $percent } % is due
field-prices = Prices
field-deposit = Deposit
field-min = At least
field-max = At most
field-notice = Notice
field-leave-notice = Notice to end it
field-horizon = Ahead at most
field-step = Steps of
field-buffer = Between two bookings
field-hours = Opening hours:
field-holidays = Public holidays
field-blocked = Closed
field-quota = For one member
field-cancel = Cancelling
footing-building = Asked by somebody of the owner's building.
footing-landlord = Asked by somebody of the owner's landlord.
footing-outside = Asked by somebody outside the owner's building and landlord.
footing-not-served = The listing is not open to them: only a person can say yes.
footing-not-me = (not to you)
open-to-building = people of the owner's building
open-to-landlord = people of the owner's building or landlord
open-to-nobody = nobody
attestation-required = whoever asks must be attested by a landlord
field-open-to = Open to
field-attestation = Attestation
field-consent = Rented, and let on with the landlord's consent
text-accepted-current = The text of the listing is accepted.
text-accepted-other = Another text was accepted than the one the listing has now: an earlier one.
text-accepted-missing = The text of the listing is not accepted.
field-accept = By asking you agree to
quota-bookings =
    { $n ->
        [one] 1 booking
       *[other] { $n } bookings
    }
quota-day = a day
quota-week = a week
quota-month = a month
quota-ahead = to come
quota-rolling =
    in { $n ->
        [one] 1 day
       *[other] { $n } days
    }
holiday-new-year = New Year's Day
holiday-good-friday = Good Friday
holiday-easter-monday = Easter Monday
holiday-labour-day = Labour Day
holiday-victory-1945 = Victory 1945
holiday-ascension = Ascension Day
holiday-whit-monday = Whit Monday
holiday-national-day = National Day
holiday-assumption = Assumption
holiday-all-saints = All Saints' Day
holiday-armistice-1918 = Armistice 1918
holiday-christmas = Christmas Day
holiday-saint-stephen = Saint Stephen's Day
why-taken = the place was taken
why-terms = the terms do not allow it
why-not-eligible = not open to this person
why-unavailable = it cannot be had then
why-parts = a part of it, or the whole, is booked
why-lapsed = nobody answered in time
why-withdrawn = the listing was withdrawn
why-closed = who decided was closed out
why-requester-gone = whoever asked is in the neighbourhood no more
why-owner-gone = the owner is in the neighbourhood no more

reminders-none = Nothing is due.
reminder-starts-soon = { $title }: begins { $when }
reminder-hand-over = { $title }: somebody comes for it { $when }
reminder-return-due = { $title }: to be brought back by { $when }
reminder-overdue = { $title }: was to be back { $when }
reminder-notice-ends = { $title }: ends { $when }
reminder-question = { $title }: somebody asks and waits for an answer
reminder-end-question = { $title }: somebody asks for another end
reminder-offer-runs-out = { $title }: what you were offered soon goes to the next one; take it now
reminder-help-soon = { $title }: help was agreed for { $when }
reminder-help-done = { $title }: was it done? Say so
