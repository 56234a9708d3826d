//! What the journal and the domains ask of authority: who may write where, how far a
//! log counts, who may do what.
//!
//! Invariant: the right to write ([`Rights`]) only ever grows with the set of acts, so
//! what one node keeps another keeps too, in whatever order the acts came; what counts
//! is asked through [`Authority::closing_of`].

use super::act::Role;
use super::engine::{Authority, Status};
use super::fact::Body;
use super::graph::At;
use super::rule::Taking;
use crate::journal::{Class, LogStart, Owner, Right, Rights, Tip};
use crate::keys::{EntryHash, LogId, MemberId};

/// Logs that are followed by `continues` before the search gives up.
const FOLLOWED: usize = 64;

/// Something a member may want to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Write in its own documents.
    Write,
    /// Redeem an invitation and admit whom it brings.
    Admit,
    /// Admit someone whose application waits for approval, or with a role.
    Approve,
    /// Attest building and landlord.
    Attest,
    /// Give and take back roles.
    Appoint,
    /// Remove a member.
    Remove,
    /// Co-sign.
    Second,
    /// Leave.
    Leave,
}

/// How far a log counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To its end.
    Open,
    /// Up to this entry.
    UpTo(Tip),
}

impl Authority {
    /// Whether a member may do something now; otherwise a stable code that says why not.
    pub fn may(&self, member: &MemberId, permission: Permission) -> Result<(), &'static str> {
        let Some(known) = self.member(member) else { return Err("authority.not_a_member") };
        match known.status {
            Status::Active => {}
            Status::Removed => return Err("authority.removed"),
            Status::Left => return Err("authority.left"),
        }
        if matches!(permission, Permission::Write | Permission::Leave) {
            return Ok(());
        }
        // Whoever meets a newer charter goes on carrying and stops deciding.
        if self.has_newer_version() {
            return Err("authority.update_needed");
        }
        if known.roles.has(Role::Coordinator) {
            return Ok(());
        }
        let redeems = permission == Permission::Admit
            && self.rules.policy.is_some_and(|policy| policy.lets_redeem(known.roles));
        if redeems { Ok(()) } else { Err("authority.coordinators_only") }
    }

    /// Whose log this is, as its entry 0 says by the act it names.
    pub fn author_of(&self, id: &LogId, start: &LogStart) -> Option<MemberId> {
        self.claim(id, start).map(|(member, _)| member)
    }

    /// The member and the certificate (for a group's log: the appointment) that entry 0 of
    /// a log claims, if they are here.
    fn claim(&self, id: &LogId, start: &LogStart) -> Option<(MemberId, At)> {
        if let (Class::Identity, Some(certificate)) = (start.descriptor.class, start.certificate) {
            let at = *self.rules.graph.place.get(&EntryHash(id.0))?;
            return Some((certificate.member, at));
        }
        if let Owner::Group(group) = &start.descriptor.owner {
            return self.claim_for_group(group, start);
        }
        let at = *self.rules.graph.place.get(&start.act)?;
        let (member, device) = self.rules.graph.certifies(at)?;
        let owned = match start.descriptor.owner {
            Owner::Hood => true,
            Owner::Member(owner) => owner == member,
            Owner::Group(_) => false,
        };
        (owned && device == start.device).then_some((member, at))
    }

    /// Whether any act that would count, were nothing ever taken away, admits a member.
    fn was_admitted(&self, member: &MemberId) -> bool {
        let grants = self.rules.grants.get(member).into_iter().flatten();
        grants.into_iter().any(|at| self.rules.admits(*at))
    }

    fn is_named_identity(&self, member: &MemberId, id: &LogId) -> bool {
        // The founding act waits for the very log that it names: whoever has the root has
        // its word for that.
        let founding = self.fact(&self.root().act).map(|fact| &fact.body);
        if let Some(Body::Found { founder, identity, .. }) = founding
            && founder == member
            && identity.0 == id.0
        {
            return true;
        }
        let grants = self.rules.grants.get(member).into_iter().flatten();
        grants.into_iter().any(|at| match &self.rules.graph.nodes[*at].fact.body {
            Body::Found { identity, .. } | Body::Admit { identity, .. } => identity.0 == id.0,
            _ => false,
        })
    }

    /// How far a log counts, by all that counts against its device and member. Of
    /// several closings the shortest holds, so that what was void stays void.
    ///
    /// Acts of charter and identity are judged one by one ([`Authority::explain`]); for
    /// them this says only how far the closings had seen.
    pub fn closing_of(&self, id: &LogId, start: &LogStart) -> Reach {
        let nothing = Reach::UpTo(Tip { seq: 0, hash: EntryHash(id.0) });
        let Some((member, right)) = self.claim(id, start) else { return nothing };
        let is_group = matches!(start.descriptor.owner, Owner::Group(_));
        let certified = self.verdicts[right].is_ok()
            && (!is_group || self.device_of(&member, &start.device).is_some());
        if self.member(&member).is_none() || !certified {
            return nothing;
        }
        let closers = self.counted.get(&member).into_iter().flatten();
        let tips = closers.filter(|taker| self.closes(**taker, start)).map(|taker| {
            let found = if start.descriptor.class.comes_first() {
                self.last_seen(*taker, id)
            } else {
                self.named_tip(*taker, id, FOLLOWED)
            };
            found.unwrap_or(Tip { seq: 0, hash: EntryHash(id.0) })
        });
        tips.min().map_or(Reach::Open, Reach::UpTo)
    }

    fn closes(&self, taker: usize, start: &LogStart) -> bool {
        match self.rules.takers[taker].1 {
            Taking::Member(..) => true,
            Taking::Device(_, revoked) => revoked == start.device,
            Taking::Role(..) => false,
            Taking::Manager(..) => self.ends_log(taker, start),
        }
    }

    /// The last entry of a charter or identity log that a taker had seen.
    fn last_seen(&self, taker: usize, log: &LogId) -> Option<Tip> {
        let entries = self.rules.graph.by_log.get(log)?.iter().copied();
        let seen = entries.filter(|at| self.rules.has_seen(taker, *at));
        seen.map(|at| &self.rules.graph.nodes[at].fact)
            .map(|fact| Tip { seq: fact.seq, hash: fact.hash })
            .max()
    }

    /// The furthest entry of a log that a taker or its past names; for a log that none
    /// names, where the log that continues it left off.
    fn named_tip(&self, taker: usize, log: &LogId, depth: usize) -> Option<Tip> {
        let by = self.rules.takers[taker].0;
        let named = self.rules.graph.tips.get(log).into_iter().flatten();
        let furthest = named
            .filter(|(at, _)| *at == by || self.rules.has_seen(taker, *at))
            .map(|(_, tip)| *tip)
            .max();
        if furthest.is_some() || depth == 0 {
            return furthest;
        }
        let followers = self.followers.get(log).into_iter().flatten();
        followers
            .filter_map(|follower| {
                // A log that counts at all vouches for where it took over.
                self.named_tip(taker, &follower.log, depth - 1)?;
                let Body::Start(start) = &follower.body else { return None };
                start.continues.map(|last| Tip { seq: last.seq, hash: last.hash })
            })
            .min()
    }

    fn may_open_identity(&self, id: &LogId, start: &LogStart, owner: MemberId) -> Right {
        if let Some(certificate) = &start.certificate {
            if certificate.member != owner {
                return Right::Refused("authority.other_member");
            }
            if !self.was_admitted(&owner) && !self.is_named_identity(&owner, id) {
                return Right::UnknownAuthor;
            }
            let good = certificate.verify(&start.device).is_ok();
            return if good { Right::Granted } else { Right::Refused("authority.bad_certificate") };
        }
        let Some(at) = self.rules.graph.place.get(&start.act).copied() else {
            return Right::UnknownAuthor;
        };
        let of_owner = self.rules.graph.certifies(at) == Some((owner, start.device))
            && matches!(self.rules.graph.nodes[at].fact.body, Body::Certify { .. });
        match of_owner {
            false => Right::Refused("authority.no_certificate"),
            true if self.rules.sound[at] && self.was_admitted(&owner) => Right::Granted,
            true => Right::UnknownAuthor,
        }
    }
}

impl Rights for Authority {
    fn may_open(&self, id: &LogId, start: &LogStart) -> Right {
        if start.descriptor.hood != self.hood {
            return Right::Refused("authority.other_neighbourhood");
        }
        // The founder's charter log is named by whoever gave us the neighbourhood.
        if *id == self.root.log && start.descriptor.class == Class::Charter {
            return Right::Granted;
        }
        match (start.descriptor.class, start.descriptor.owner) {
            (Class::Identity, Owner::Member(owner)) => self.may_open_identity(id, start, owner),
            (_, Owner::Group(group)) => self.may_open_for_group(&group, start),
            _ => {
                let Some(at) = self.rules.graph.place.get(&start.act).copied() else {
                    return Right::UnknownAuthor;
                };
                let Some((member, _)) = self.claim(id, start) else {
                    return Right::Refused("authority.no_certificate");
                };
                let known = self.rules.sound[at] && self.was_admitted(&member);
                if known { Right::Granted } else { Right::UnknownAuthor }
            }
        }
    }

    fn cap(&self, class: Class) -> u64 {
        self.caps().copied().unwrap_or_default().of(class)
    }

    fn closing(&self, id: &LogId, start: &LogStart) -> Option<Tip> {
        // No closing voids a transfer: what one node counts, every other must hold.
        if start.descriptor.class == Class::Ledger {
            return None;
        }
        // The founder's charter log comes before anything that could speak for it, and
        // so may entry 0 of an identity log that an admission names.
        let (member, _) = self.claim(id, start)?;
        if !self.was_admitted(&member) {
            return None;
        }
        match self.closing_of(id, start) {
            Reach::Open => None,
            Reach::UpTo(tip) => Some(tip),
        }
    }
}
