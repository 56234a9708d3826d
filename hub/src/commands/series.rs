//! `series`.

use palier_model::booking::Accepts;
use palier_model::replica::{Moment, NewSeries, SeriesSkip};

use super::{On, Outcome, resolve};
use crate::args::{self, Series, TimeArg};
use crate::backend::Backend;
use crate::errors::Result;

pub(super) async fn series<B: Backend>(on: On<'_, B>, verb: Series) -> Result<Outcome> {
    match verb {
        Series::Plan(it) => {
            let new = new(on, it).await?;
            Ok(on.node.series_plan(on.scope, new).await?.into())
        }
        Series::Create(it) => {
            let mut new = new(on, it.of).await?;
            if it.accept {
                new.accepts = Accepts::InForce;
            }
            let dates = args::all_dates(&it.skip);
            let skip = SeriesSkip { conflicts: it.skip_conflicts, dates };
            Ok(on.node.series_create(on.scope, new, skip, it.text).await?.into())
        }
    }
}

async fn new<B: Backend>(on: On<'_, B>, it: args::SeriesPlan) -> Result<NewSeries> {
    let listing = resolve::listing(on.node, on.scope, &it.listing).await?;
    Ok(NewSeries {
        listing,
        start: moment(on, it.start).await?,
        end: moment(on, it.end).await?,
        rule: it.rule(),
        except: args::all_dates(&it.except),
        quantity: it.quantity,
        accepts: Accepts::Nothing,
    })
}

/// Wall time is kept as such: what comes again does so on the clocks of the resource.
async fn moment<B: Backend>(on: On<'_, B>, time: TimeArg) -> Result<Moment> {
    match time {
        TimeArg::Local(wall) => Ok(Moment::Wall(wall)),
        other => Ok(Moment::At(on.instant(other).await?)),
    }
}
