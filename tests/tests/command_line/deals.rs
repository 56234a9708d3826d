//! What two homes agree.

use palier_tests::Person;

use crate::{Story, id, slot, text};

impl Story {
    /// From the hand-over to the return.
    pub(crate) fn handed_over(&self, ben: &Person, booking: &str) {
        let (start, _) = slot(1);
        let then = |name: &str, instead: &[(&str, &str)]| {
            let line = self.script.example(name, 0, instead);
            self.script.must(ben, &format!("--now {start} {line}"))
        };
        let of = [("bkg_abcdefgh", &booking[..12])];
        let code = text(&then("qr show", &of), "code");
        let checked = then("qr verify", &[("palier:b/…", &code)]);
        assert_eq!(text(&checked, "booking"), booking);
        for name in ["booking handover", "booking problem", "booking return"] {
            then(name, &of);
        }
    }

    /// Another end, and notice.
    pub(crate) fn ends(&self, ben: &Person, booking: &str) {
        let (script, anna) = (&self.script, &self.anna);
        let bkg = &booking[..12];
        let until = [("bkg_abcdefgh", bkg), ("2026-12-02T18:00", "2031-05-01T20:00")];
        let of = [until[0]];
        let dry = self.example(ben, "booking extend", 1, &until);
        assert_eq!(dry["saved"], false, "{dry}");
        self.example(ben, "booking extend", 0, &until);
        script.must(ben, "sync");
        self.example(anna, "booking extend", 3, &of);
        script.must(ben, "sync");
        self.example(ben, "booking extend", 2, &of);
        script.must(ben, "sync");
        self.example(anna, "booking extend", 3, &of);
        script.must(ben, "sync");
        let shown = script.must(ben, &format!("booking show {bkg}"));
        assert_eq!(shown["rolling"], true, "{shown}");
        let leave = [("bkg_abcdefgh", bkg), ("2027-03-31T18:00", "2031-05-02T18:00")];
        self.example(ben, "booking notice", 0, &leave);
        // Anna's device takes it up by itself.
        let ended = (0..100).any(|_| {
            script.must(ben, "sync");
            let shown = script.must(ben, &format!("booking show {bkg}"));
            shown["end"].as_str().is_some_and(|end| end.starts_with("2031-05-02T18:00"))
        });
        assert!(ended, "the notice was not taken up");
        self.example(ben, "booking extend", 0, &until);
        script.must(ben, "sync");
        self.example(anna, "booking extend", 4, &of);
        script.must(ben, "sync");
    }

    /// What comes free is offered to who waits for it.
    pub(crate) fn offered(&self, ben: &Person, lst: &str) {
        let (script, anna) = (&self.script, &self.anna);
        let (start, end) = slot(7);
        let ask = format!("booking request {lst} --start {start} --end {end}");
        let first = id(&script.must(ben, &ask));
        script.must(ben, "sync");
        script.must(anna, &format!("booking accept {first}"));
        let waits = id(&script.must(ben, &format!("{ask} --wait")));
        let begun = std::time::Instant::now();
        let until = |status: &str| loop {
            script.must(ben, "sync");
            let shown = script.must(ben, &format!("booking show {waits}"));
            if text(&shown, "status") == status {
                break;
            }
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{status}: {shown}");
        };
        until("waiting");
        script.must(ben, &format!("booking cancel {first}"));
        script.must(ben, "sync");
        let of = [("bkg_abcdefgh", &waits[..12])];
        loop {
            let told = script.must(anna, &format!("waitlist list {lst}"));
            if told["items"][0]["has_room"] == true {
                break;
            }
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{told}");
        }
        self.example(anna, "waitlist offer", 0, &of);
        until("offered");
        self.example(ben, "waitlist take", 0, &of);
        until("confirmed");
    }

    /// What comes again.
    pub(crate) fn series(&self, ben: &Person, lst: &str) {
        let (script, anna) = (&self.script, &self.anna);
        let series = |name: &str, hour: u32| {
            let (start, end) = (format!("2031-06-03T{hour}:00"), format!("2031-06-03T{hour}:30"));
            let instead = [
                ("lst_abcdefgh", lst),
                ("2026-12-01T18:00", start.as_str()),
                ("2026-12-01T20:00", end.as_str()),
                ("2027-06-01", "2031-06-30"),
            ];
            self.example(ben, name, 0, &instead)
        };
        assert_eq!(series("series plan", 18)["free"], 4);
        for (by, verb, hour) in [(anna, "accept", 18), (anna, "refuse", 19), (ben, "cancel", 20)] {
            let made = id(&series("series create", hour));
            script.must(ben, "sync");
            let line = format!("booking {verb} --series {}", &made[..12]);
            let done = script.must(by, &line);
            assert_eq!(done["items"].as_array().map(Vec::len), Some(4), "{done}");
        }
    }

    /// A need is answered, a time found, done, paid and thanked for.
    pub(crate) fn helped(&self, ben: &Person) {
        let (script, anna) = (&self.script, &self.anna);
        let words = "listing add need --title Étagères --price 60min/h --until 2031-12-31T00:00";
        let need = id(&script.must(ben, words));
        script.must(ben, "sync");
        let lst = [("lst_abcdefgh", &need[..12])];
        script.fails(anna, &format!("listing fill {need}"), 4, "listing.not_allowed");
        let booking = id(&self.example(anna, "booking request", 1, &lst));
        script.must(ben, "sync");
        let (start, end) = slot(9);
        let line = self.script.example(
            "booking propose",
            0,
            &[
                ("bkg_abcdefgh", &booking[..12]),
                ("2026-12-01T14:00", &start),
                ("2026-12-01T16:00", &end),
            ],
        );
        script.must(ben, &line);
        script.must(ben, "sync");
        let of = [("bkg_abcdefgh", &booking[..12])];
        script.must(anna, &format!("booking accept {booking}"));
        script.must(ben, "sync");
        assert_eq!(script.must(ben, &format!("booking show {booking}"))["status"], "agreed");
        let after = |by: &Person, name: &str| {
            let line = self.script.example(name, 0, &of);
            script.must(by, &format!("--now {end} {line}"))
        };
        // More than this home can spend at once: it says so, and it stays due.
        let pay = format!("credit pay {booking}");
        script.fails(anna, &pay, 5, "credit.not_payer");
        after(ben, "credit pay");
        let done = after(ben, "booking done");
        assert_eq!(done["payment"]["status"], "paid", "{done}");
        script.must(ben, "sync");
        after(anna, "booking done");
        after(anna, "thanks give");
        script.fails(ben, &format!("thanks withdraw {booking}"), 5, "thanks.not_closed");
        script.must(ben, "sync");
        script.must(ben, &format!("--now {end} thanks give {booking} --text Merci"));
        script.must(ben, "sync");
        let whom = text(&script.must(ben, "status"), "member");
        let line = self.script.example("thanks list", 0, &[("mem_abcdefgh", &whom[..12])]);
        let list = script.must(anna, &line);
        assert_eq!(list["items"][0]["mutual"], true, "{list}");
        after(anna, "thanks withdraw");
        self.example(ben, "listing fill", 0, &lst);
    }

    /// Minutes given, and seen in both homes.
    pub(crate) fn credits(&self, ben: &Person) {
        let (script, anna) = (&self.script, &self.anna);
        let to = text(&script.must(ben, "status"), "member");
        let gift = self.example(anna, "credit give", 0, &[("mem_abcdefgh", &to[..12])]);
        script.fails(anna, &format!("credit give {to} --minutes 90"), 5, "credit.short");
        script.fails(anna, &format!("credit give {to} --minutes 0"), 2, "usage.invalid_value");
        assert_eq!(self.example(anna, "credit balance", 0, &[])["balance"], -90);
        script.must(ben, "sync");
        let shown = script.must(ben, "credit balance");
        assert_eq!((&shown["balance"], &shown["spendable_here"]), (&90.into(), &210.into()));
        let list = self.example(ben, "credit list", 0, &[]);
        assert_eq!(id(&list["items"][0]), id(&gift));
        assert_eq!(text(&list["items"][0], "note"), "For the shelves");
        let file = self.path("credits.csv");
        let file = self.example(ben, "credit list", 1, &[("credits.csv", &file)]);
        assert_eq!(file["lines"], 1);
    }
}
