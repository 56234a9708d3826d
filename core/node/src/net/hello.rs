//! One byte opens a substream, one byte answers, and this table says which substream becomes the
//! link when both sides begin at once.
//!
//! Invariant: of the two peers the one with the smaller id decides. It never lets go of a link it
//! knows to stand unless told that the other side has lost it; the other side takes what the
//! decider opens. So both always end with the same substream.

/// What the opener says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hello {
    /// A new link. `initiator`: the opener dialled.
    New { initiator: bool },
    /// A new link in place of one you may still believe in; the opener has lost it.
    Replace { initiator: bool },
    /// The existing link continues here.
    Move,
}

impl Hello {
    pub(super) fn byte(self) -> u8 {
        match self {
            Hello::New { initiator: true } => 1,
            Hello::New { initiator: false } => 2,
            Hello::Replace { initiator: true } => 3,
            Hello::Replace { initiator: false } => 4,
            Hello::Move => 5,
        }
    }

    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Hello::New { initiator: true },
            2 => Hello::New { initiator: false },
            3 => Hello::Replace { initiator: true },
            4 => Hello::Replace { initiator: false },
            5 => Hello::Move,
            _ => return None,
        })
    }
}

/// What the accepter answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Frames may follow.
    Yes,
    /// There is another link between us, or there is none to move.
    Another,
    /// No room for more links.
    Busy,
    /// The hello made no sense.
    Nonsense,
}

impl Answer {
    pub(super) fn byte(self) -> u8 {
        match self {
            Answer::Yes => 1,
            Answer::Another => 2,
            Answer::Busy => 3,
            Answer::Nonsense => 4,
        }
    }

    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Answer::Yes,
            2 => Answer::Another,
            3 => Answer::Busy,
            4 => Answer::Nonsense,
            _ => return None,
        })
    }
}

/// How a node stands with a peer when its hello arrives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// This node has the smaller peer id.
    pub(super) decider: bool,
    /// This node is opening a substream for a new link itself.
    pub(super) opening: bool,
    /// A substream of the peer is already being held back.
    pub(super) holding: bool,
    /// There is a live link.
    pub(super) live: bool,
    /// There is no room for a further link.
    pub(super) full: bool,
}

/// What to do with a peer's substream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It becomes the link, in place of the live one if there is one.
    Accept,
    /// Keep it until our own attempt is answered.
    Hold,
    /// The live link continues on it.
    Move,
    /// Answer and close.
    Refuse(Answer),
}

/// The table.
pub(super) fn judge(hello: Hello, at: Standing) -> Verdict {
    match hello {
        Hello::Move if at.decider || !at.live => Verdict::Refuse(Answer::Another),
        Hello::Move => Verdict::Move,
        _ if at.full && !at.live => Verdict::Refuse(Answer::Busy),
        _ if !at.decider => Verdict::Accept,
        _ if at.opening && at.holding => Verdict::Refuse(Answer::Another),
        _ if at.opening => Verdict::Hold,
        Hello::New { .. } if at.live => Verdict::Refuse(Answer::Another),
        Hello::New { .. } | Hello::Replace { .. } => Verdict::Accept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Hello = Hello::New { initiator: true };
    const AGAIN: Hello = Hello::Replace { initiator: true };

    fn at(decider: bool, opening: bool, live: bool) -> Standing {
        Standing { decider, opening, holding: false, live, full: false }
    }

    #[test]
    fn when_both_open_at_once_only_the_deciders_substream_is_taken() {
        assert_eq!(judge(NEW, at(true, true, false)), Verdict::Hold);
        assert_eq!(judge(NEW, at(false, true, false)), Verdict::Accept);
        // The follower's hello arriving after the decider's link stands changes nothing.
        assert_eq!(judge(NEW, at(true, false, true)), Verdict::Refuse(Answer::Another));
    }

    #[test]
    fn a_link_only_one_side_believes_in_is_replaced() {
        assert_eq!(judge(AGAIN, at(true, false, true)), Verdict::Accept);
        assert_eq!(judge(NEW, at(false, false, true)), Verdict::Accept);
    }

    #[test]
    fn only_the_decider_moves_a_link_and_only_one_that_exists() {
        assert_eq!(judge(Hello::Move, at(false, false, true)), Verdict::Move);
        assert_eq!(judge(Hello::Move, at(false, false, false)), Verdict::Refuse(Answer::Another));
        assert_eq!(judge(Hello::Move, at(true, false, true)), Verdict::Refuse(Answer::Another));
    }

    #[test]
    fn a_full_node_says_busy_but_keeps_those_it_has() {
        let full = Standing { full: true, ..at(false, false, false) };
        assert_eq!(judge(NEW, full), Verdict::Refuse(Answer::Busy));
        assert_eq!(judge(NEW, Standing { live: true, ..full }), Verdict::Accept);
    }

    #[test]
    fn bytes_of_hello_and_answer_come_back_and_others_are_nonsense() {
        for byte in 0..=u8::MAX {
            if let Some(hello) = Hello::from_byte(byte) {
                assert_eq!(hello.byte(), byte);
            }
            if let Some(answer) = Answer::from_byte(byte) {
                assert_eq!(answer.byte(), byte);
            }
        }
        assert_eq!(Hello::from_byte(0), None);
        assert_eq!(Answer::from_byte(0), None);
    }
}
