//! Commands that need no home.

use std::collections::BTreeMap;
use std::path::Path;

use crate::answer::{self, Completions, Schemas, Way, WayKind, Welcome};
use crate::args;
use crate::errors::{CliError, Result};
use crate::texts::Texts;

use super::Outcome;

/// `palier schema [TYPE]`: one schema, or all by name.
pub fn schema(name: Option<&str>) -> Result<Outcome> {
    let all = answer::schemas();
    let wanted: Vec<_> = match name {
        None => all.into_iter().collect(),
        Some(name) => {
            let known: Vec<&str> = all.keys().copied().collect();
            let found = all.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            let Some((key, schema)) = found else {
                let error = CliError::new("usage.unknown_type").param("value", name);
                return Err(error.param("expected", known.join(", ")));
            };
            vec![(*key, schema.clone())]
        }
    };
    let mut schemas = BTreeMap::new();
    for (key, schema) in wanted {
        schemas.insert(key.to_owned(), serde_json::to_value(schema).map_err(CliError::internal)?);
    }
    Ok(Schemas { schemas }.into())
}

/// `palier completions SHELL`
pub fn completions(shell: clap_complete::Shell, texts: &Texts) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut args::localised(texts), "palier", &mut script);
    let script = String::from_utf8(script).map_err(CliError::internal)?;
    Ok(Completions { shell: shell.to_string(), script }.into())
}

/// Bare `palier` where there is no home yet: three ways in.
pub fn welcome(home: &Path) -> Outcome {
    let way = |way, commands: &[&str]| Way {
        way,
        commands: commands.iter().map(|line| (*line).to_owned()).collect(),
    };
    Welcome {
        home: home.display().to_string(),
        initialised: false,
        ways: vec![
            way(WayKind::Found, &["palier init --name NAME", "palier hood found NAME"]),
            way(WayKind::Join, &["palier init --name NAME", "palier join LINK"]),
            way(WayKind::Recover, &["palier device recover --link LINK"]),
        ],
    }
    .into()
}
