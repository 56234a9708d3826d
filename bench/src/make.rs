//! Making a large home in a process of its own: a node refuses new links while its process
//! holds more than half a gigabyte, and what a whole neighbourhood is made from is more.

use std::path::PathBuf;
use std::process::Command;

use palier_tests::neighbourhood::{Neighbourhood, Outcome, Plan};

use crate::nodes::Place;

/// How this program is told to be the process that makes.
const MAKE: &str = "--make-home";

/// What this process is to make, if it is to.
pub fn asked(mut arguments: impl Iterator<Item = String>) -> Option<(f64, Place)> {
    let found = arguments.any(|argument| argument == MAKE);
    let mut next = || arguments.next();
    found
        .then(|| {
            let scale = next()?.parse().ok()?;
            let (dir, state) = (PathBuf::from(next()?), PathBuf::from(next()?));
            Some((scale, Place { dir, state }))
        })
        .flatten()
}

/// Makes it.
pub fn child(scale: f64, place: &Place) -> Outcome<()> {
    Neighbourhood::make(Plan::scaled(scale))?.write_home(&place.dir, &place.state)
}

/// Has the reference neighbourhood × `scale` made.
pub fn home(scale: f64, place: &Place) -> Outcome<()> {
    let mut command = Command::new(std::env::current_exe()?);
    let made =
        command.args([MAKE, &scale.to_string()]).arg(&place.dir).arg(&place.state).status()?;
    if made.success() { Ok(()) } else { Err("the home was not made".into()) }
}
