//! Closed lists, each value with the code that stands for it in documents, in JSON and
//! on the command line. Codes are on the wire for ever: never reuse one.

/// Defines an enum whose values are known by a code.
macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        #[non_exhaustive]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The value that a code stands for.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownCode;
            fn from_str(code: &str) -> Result<Self, UnknownCode> {
                Self::from_code(code).ok_or_else(|| UnknownCode(code.chars().take(40).collect()))
            }
        }
    };
}

/// A code that stands for nothing here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a known code")]
pub struct UnknownCode(pub String);

coded! {
    /// What a listing is.
    ListingKind {
        /// Help or goods offered.
        Offer = "offer",
        /// Help or goods looked for.
        Need = "need",
        /// A tool to lend.
        Tool = "tool",
        /// A parking place.
        Parking = "parking",
        /// A cellar, box or shelf.
        Storage = "storage",
        /// A shared room.
        Room = "room",
        /// An event or workshop.
        Event = "event",
    }
}

impl ListingKind {
    /// Whether people book it by the hour or day (rather than answer it).
    pub const fn is_resource(self) -> bool {
        matches!(self, Self::Tool | Self::Parking | Self::Storage | Self::Room)
    }
}

coded! {
    /// What a listing is about.
    Category {
        /// Small repairs in a home.
        Repair = "repair",
        /// Putting up, assembling, drilling.
        Diy = "diy",
        /// Gardens, balconies, plants.
        Gardening = "gardening",
        /// Cleaning and ironing.
        Cleaning = "cleaning",
        /// Shopping and errands.
        Errands = "errands",
        /// Cooking and meals.
        Cooking = "cooking",
        /// Minding children.
        Childcare = "childcare",
        /// Company and help for the elderly.
        Care = "care",
        /// Animals.
        Pets = "pets",
        /// Moving and carrying.
        Moving = "moving",
        /// Lifts by car.
        Lift = "lift",
        /// Computers and phones.
        Computing = "computing",
        /// Languages and conversation.
        Languages = "languages",
        /// Homework and lessons.
        Schoolwork = "schoolwork",
        /// Letters and forms.
        Paperwork = "paperwork",
        /// Sewing and mending.
        Sewing = "sewing",
        /// Music.
        Music = "music",
        /// Sport and walks.
        Sport = "sport",
        /// Outings, games, culture.
        Leisure = "leisure",
        /// Things given away.
        GiveAway = "give-away",
        /// Clothes.
        Clothes = "clothes",
        /// Books and games.
        Books = "books",
        /// Furniture.
        Furniture = "furniture",
        /// Things for babies and children.
        Children = "children",
        /// Kitchen things.
        Kitchen = "kitchen",
        /// Tools worked by hand.
        HandTool = "hand-tool",
        /// Tools with a motor.
        PowerTool = "power-tool",
        /// Garden tools.
        GardenTool = "garden-tool",
        /// Ladders and scaffolding.
        Ladder = "ladder",
        /// A place for a car.
        Car = "car",
        /// A place for a motorbike.
        Motorbike = "motorbike",
        /// A place for a bicycle.
        Bicycle = "bicycle",
        /// A cellar.
        Cellar = "cellar",
        /// A box or garage.
        Box = "box",
        /// A shelf or locker.
        Shelf = "shelf",
        /// A room to meet in.
        MeetingRoom = "meeting-room",
        /// A workshop to work in.
        Workshop = "workshop",
        /// A shared kitchen.
        SharedKitchen = "shared-kitchen",
        /// A shared computer.
        Computer = "computer",
        /// A party or a meal together.
        Party = "party",
        /// Anything else.
        Other = "other",
    }
}

coded! {
    /// Whether a listing is shown. The order is that in which one of several
    /// concurrent states counts: the last, since taking down must not be undone by
    /// chance.
    ListingState {
        /// Shown and open.
        Published = "published",
        /// Shown to its owner, not to others.
        Paused = "paused",
        /// Found what it was for: shown to its owner, not to others.
        Filled = "filled",
        /// Taken down for good.
        Withdrawn = "withdrawn",
    }
}

coded! {
    /// Who may ask: each is wider than the one before.
    Tier {
        /// Residents of the same building.
        Building = "building",
        /// Tenants of the same landlord.
        Landlord = "landlord",
        /// Anyone in the neighbourhood.
        Outside = "outside",
    }
}

coded! {
    /// What a price is for.
    Per {
        /// The whole deal.
        Once = "once",
        /// One hour.
        Hour = "hour",
        /// One day.
        Day = "day",
        /// One week.
        Week = "week",
        /// One month.
        Month = "month",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_go_there_and_back() {
        let mut seen = std::collections::BTreeSet::new();
        for category in Category::ALL {
            assert!(seen.insert(category.code()));
            assert_eq!(category.code().parse(), Ok(*category));
        }
        assert!("Repair".parse::<Category>().is_err());
    }
}
