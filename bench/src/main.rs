//! Figures of Palier beside others: `cargo xtask bench [FIGURE…] [--scale X]
//! [--documents N,…] [--growing N,…] [--json FILE]`.
//! Every side of a ratio is measured in the same run on the same machine. It prints a
//! table and fails on nothing but what did not run.

mod cold;
mod floor;
mod live;
mod make;
mod nodes;
#[cfg(feature = "others")]
mod others;
mod reconnect;
mod report;
mod start;

use std::path::PathBuf;

use palier_tests::neighbourhood::Outcome;
use report::Report;

/// What is to be measured.
struct Wanted {
    figures: Vec<String>,
    scale: f64,
    /// Documents of P2 and P3.
    documents: Vec<u32>,
    /// Documents of P1 and P4.
    growing: Vec<u32>,
    json: Option<PathBuf>,
}

impl Wanted {
    fn of(arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut wanted = Self {
            figures: Vec::new(),
            scale: 1.0,
            documents: vec![100, 1_000, 10_000],
            growing: vec![250, 1_000, 4_000],
            json: None,
        };
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
            match argument.as_str() {
                "--scale" => wanted.scale = value()?.parse()?,
                "--documents" => wanted.documents = counts(&value()?)?,
                "--growing" => wanted.growing = counts(&value()?)?,
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

fn counts(text: &str) -> Outcome<Vec<u32>> {
    Ok(text.split(',').map(str::parse).collect::<Result<_, _>>()?)
}

#[tokio::main]
async fn main() -> Outcome<()> {
    if let Some(place) = start::asked(std::env::args()) {
        return start::child(&place).await;
    }
    if let Some((scale, place)) = make::asked(std::env::args()) {
        return make::child(scale, &place);
    }
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
    if wanted.has("P1") || wanted.has("P4") {
        cold::documents(&wanted.growing, &mut report).await?;
    }
    if wanted.has("P6") {
        start::open(wanted.scale, &mut report).await?;
    }
    if wanted.has("P8") {
        live::write(&mut report).await?;
    }
    if wanted.has("P9") {
        live::publish(&mut report).await?;
    }
    println!("{}", report.table());
    if let Some(path) = &wanted.json {
        report.write(path)?;
    }
    Ok(())
}
