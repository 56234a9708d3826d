//! Which folder a command is about.

use std::path::{Path, PathBuf};

use palier_node::home::{Platform, Profile, default_home};

use crate::errors::{CliError, Result};

/// The folder: `--home`, else the platform's place for data; in it, the profile's.
pub fn home_folder(home: Option<&Path>, profile: Option<&str>) -> Result<PathBuf> {
    let root = match home {
        Some(home) if home.as_os_str().is_empty() => None,
        Some(home) => Some(home.to_owned()),
        None => default_home(&|name| std::env::var_os(name), Platform::CURRENT),
    };
    let root = root.ok_or_else(|| CliError::new("home.none"))?;
    let root = std::path::absolute(&root).map_err(|error| CliError::io(&error, &root))?;
    match profile {
        None => Ok(root),
        Some(name) => match Profile::new(name) {
            Ok(profile) => Ok(profile.dir(&root)),
            Err(_) => Err(CliError::new("invalid.profile").param("name", name)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_lies_inside_the_home_and_nowhere_else() {
        let home = Path::new("/h");
        assert_eq!(home_folder(Some(home), None), Ok("/h".into()));
        assert_eq!(home_folder(Some(home), Some("jo-2")), Ok("/h/profiles/jo-2".into()));
        let error = home_folder(Some(home), Some("../other")).unwrap_err();
        assert_eq!((error.code.as_str(), error.exit()), ("invalid.profile", 7));
        assert_eq!(home_folder(Some(Path::new("")), None).unwrap_err().code, "home.none");
        assert!(home_folder(Some(Path::new("here")), None).unwrap().is_absolute());
    }
}
