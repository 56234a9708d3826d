//! Figures of Palier beside others: `cargo xtask bench [FIGURE…] [--scale X] [--json FILE]`.
//! Every side of a ratio is measured in the same run on the same machine. It prints a
//! table and fails on nothing but what did not run.

mod cold;
mod floor;
mod nodes;
mod reconnect;
mod report;

use std::path::PathBuf;

use palier_tests::neighbourhood::Outcome;
use report::Report;

/// What is to be measured.
struct Wanted {
    figures: Vec<String>,
    scale: f64,
    documents: Vec<u32>,
    json: Option<PathBuf>,
}

impl Wanted {
    fn of(arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut wanted = Self {
            figures: Vec::new(),
            scale: 1.0,
            documents: vec![100, 1_000, 10_000],
            json: None,
        };
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
            match argument.as_str() {
                "--scale" => wanted.scale = value()?.parse()?,
                "--documents" => {
                    let counts = value()?;
                    let counts = counts.split(',').map(str::parse).collect::<Result<_, _>>();
                    wanted.documents = counts?;
                }
                "--json" => wanted.json = Some(value()?.into()),
                figure => wanted.figures.push(figure.to_uppercase()),
            }
        }
        Ok(wanted)
    }

    fn has(&self, figure: &str) -> bool {
        self.figures.is_empty() || self.figures.iter().any(|wanted| wanted == figure)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let wanted = Wanted::of(std::env::args().skip(1))?;
    let mut report = Report::default();
    if wanted.has("P1") {
        cold::reference(wanted.scale, &mut report).await?;
    }
    if wanted.has("P2") || wanted.has("P3") {
        for documents in &wanted.documents {
            reconnect::reconnect(*documents, &mut report).await?;
        }
    }
    println!("{}", report.table());
    if let Some(path) = &wanted.json {
        report.write(path)?;
    }
    Ok(())
}
