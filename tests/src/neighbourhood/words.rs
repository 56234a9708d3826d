//! What people write: words drawn from few, so that texts compress as real ones do.

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

const WORDS: [&str; 48] = [
    "place",
    "cave",
    "perceuse",
    "échelle",
    "salle",
    "jardin",
    "vélo",
    "remorque",
    "table",
    "chaises",
    "appareil",
    "raclette",
    "tente",
    "poussette",
    "valise",
    "outil",
    "scie",
    "ponceuse",
    "garage",
    "box",
    "sec",
    "propre",
    "récent",
    "ancien",
    "facile",
    "accès",
    "rue",
    "bâtiment",
    "étage",
    "semaine",
    "week-end",
    "matin",
    "soir",
    "libre",
    "souvent",
    "parfois",
    "merci",
    "prévenir",
    "rendre",
    "charger",
    "batterie",
    "clé",
    "gardien",
    "cour",
    "hauteur",
    "mètres",
    "sous-sol",
    "badge",
];

/// A number below `count`.
pub(super) fn below(rng: &mut ChaCha20Rng, count: u32) -> u32 {
    if count == 0 { 0 } else { rng.next_u32() % count }
}

/// So many words.
pub(super) fn words(rng: &mut ChaCha20Rng, count: u32) -> String {
    let drawn = (0..count).map(|_| WORDS[below(rng, WORDS.len() as u32) as usize]);
    drawn.collect::<Vec<_>>().join(" ")
}
