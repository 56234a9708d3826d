//! Keys of the maps in listing and profile documents. On the wire for ever.

pub(super) const KIND: &str = "kind";
pub(super) const CATEGORY: &str = "category";
pub(super) const TITLE: &str = "title";
pub(super) const TEXT: &str = "text";
pub(super) const ZONE: &str = "zone";
pub(super) const PHOTOS: &str = "photos";
pub(super) const PRICE: &str = "price";
pub(super) const DEPOSIT: &str = "deposit";
pub(super) const CAPACITY: &str = "capacity";
pub(super) const TIME_ZONE: &str = "time_zone";
pub(super) const WEEKLY: &str = "weekly";
pub(super) const EXCEPTIONS: &str = "exceptions";
pub(super) const SURFACE: &str = "surface";
pub(super) const CONDITION: &str = "condition";
pub(super) const INSTRUCTIONS: &str = "instructions";
pub(super) const TIERS: &str = "tiers";
pub(super) const STATE: &str = "state";
pub(super) const EXPIRES: &str = "expires";
pub(super) const DOMAIN: &str = "domain";

pub(super) const BLOB: &str = "blob";
pub(super) const ALT: &str = "alt";
pub(super) const SIZE: &str = "size";
pub(super) const WIDTH: &str = "width";
pub(super) const HEIGHT: &str = "height";

pub(super) const NAME: &str = "name";
pub(super) const ABOUT: &str = "about";
pub(super) const LANGUAGES: &str = "languages";
pub(super) const PHOTO: &str = "photo";
