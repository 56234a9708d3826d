//! Where homes lie by default, and what each installation knows outside of them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Whose customs to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Linux and its kin: the XDG base directories.
    Xdg,
    /// macOS.
    Mac,
    /// Windows.
    Windows,
}

impl Platform {
    /// The one this program was built for.
    pub const CURRENT: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_vendor = "apple") {
        Self::Mac
    } else {
        Self::Xdg
    };
}

/// The variables of the environment.
type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// An absolute folder named by the environment. XDG: relative ones are to be ignored.
fn absolute(env: Env<'_>, name: &str) -> Option<PathBuf> {
    env(name).map(PathBuf::from).filter(|path| !path.as_os_str().is_empty() && path.has_root())
}

/// Where data lie: `PALIER_HOME`, else the platform's place for data. `None` where the
/// environment names neither it nor the user's folder.
///
/// ```
/// use palier_node::home::{Platform, default_home};
/// let home = default_home(&|name| std::env::var_os(name), Platform::CURRENT);
/// ```
pub fn default_home(env: Env<'_>, platform: Platform) -> Option<PathBuf> {
    if let Some(given) = env("PALIER_HOME").filter(|given| !given.is_empty()) {
        return Some(given.into());
    }
    Some(match platform {
        Platform::Xdg => absolute(env, "XDG_DATA_HOME")
            .or_else(|| Some(absolute(env, "HOME")?.join(".local/share")))?
            .join("palier"),
        Platform::Mac => absolute(env, "HOME")?.join("Library/Application Support/Palier"),
        Platform::Windows => PathBuf::from(env("APPDATA")?).join("Palier"),
    })
}

/// Where an installation keeps what no backup should hold: `PALIER_STATE`, else the
/// platform's place. macOS has none but its caches, which Time Machine leaves out; that
/// they may be emptied costs a new incarnation, no more.
pub fn default_state(env: Env<'_>, platform: Platform) -> Option<PathBuf> {
    if let Some(given) = env("PALIER_STATE").filter(|given| !given.is_empty()) {
        return Some(given.into());
    }
    Some(match platform {
        Platform::Xdg => absolute(env, "XDG_STATE_HOME")
            .or_else(|| Some(absolute(env, "HOME")?.join(".local/state")))?
            .join("palier"),
        Platform::Mac => absolute(env, "HOME")?.join("Library/Caches/Palier"),
        // Not APPDATA, which follows its user to other machines.
        Platform::Windows => PathBuf::from(env("LOCALAPPDATA")?).join("Palier"),
    })
}

/// The name of a profile: one person of several on a shared computer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Profile(String);

/// Text that names no profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a profile is named by 1 to 32 of a–z, 0–9, - and _")]
pub struct ProfileError;

impl Profile {
    /// Longest name.
    pub const MAX_BYTES: usize = 32;

    /// Checks a name: it becomes a folder's, on every platform.
    pub fn new(name: &str) -> Result<Self, ProfileError> {
        let fits = (1..=Self::MAX_BYTES).contains(&name.len());
        let allowed = |c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if fits && name.bytes().all(allowed) {
            Ok(Self(name.to_owned()))
        } else {
            Err(ProfileError)
        }
    }

    /// The profile's home under `root`. Without a profile, `root` itself is the home.
    pub fn dir(&self, root: &Path) -> PathBuf {
        root.join("profiles").join(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<OsString> {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
    }

    #[test]
    fn each_platform_has_its_place() {
        let home = env(&[("HOME", "/h"), ("APPDATA", "/r"), ("LOCALAPPDATA", "/l")]);
        let both = |platform| (default_home(&home, platform), default_state(&home, platform));
        let paths = |data: &str, state: &str| (Some(data.into()), Some(state.into()));
        assert_eq!(both(Platform::Xdg), paths("/h/.local/share/palier", "/h/.local/state/palier"));
        assert_eq!(
            both(Platform::Mac),
            paths("/h/Library/Application Support/Palier", "/h/Library/Caches/Palier")
        );
        assert_eq!(both(Platform::Windows), paths("/r/Palier", "/l/Palier"));
    }

    #[test]
    fn what_the_environment_names_comes_first_unless_it_is_no_place() {
        let named = env(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d"), ("XDG_STATE_HOME", "rel")]);
        assert_eq!(default_home(&named, Platform::Xdg), Some("/d/palier".into()));
        assert_eq!(default_state(&named, Platform::Xdg), Some("/h/.local/state/palier".into()));
        let given = env(&[("PALIER_HOME", "here"), ("PALIER_STATE", "there")]);
        assert_eq!(default_home(&given, Platform::Mac), Some("here".into()));
        assert_eq!(default_state(&given, Platform::Mac), Some("there".into()));
        assert_eq!(default_home(&env(&[]), Platform::Xdg), None);
    }

    #[test]
    fn no_profile_leads_out_of_the_home() {
        assert_eq!(
            Profile::new("awa-2").map(|profile| profile.dir(Path::new("/h"))),
            Ok("/h/profiles/awa-2".into())
        );
        for bad in ["", ".", "..", "a/b", "a\\b", "Awa", "é", "a b", &"a".repeat(33)] {
            assert_eq!(Profile::new(bad), Err(ProfileError), "{bad}");
        }
    }
}
