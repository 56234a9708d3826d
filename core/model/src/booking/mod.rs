//! Bookings (`PROTOCOL.md` §7): requests, answers, decisions, the calendar.
