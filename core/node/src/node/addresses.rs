//! Addresses of hubs, kept so that a phone finds its neighbourhood again after a start.

use palier_model::keys::DeviceId;
use palier_model::rows::{RowsError, Table, Tx, Typed};

/// Hubs whose addresses are kept.
const HUBS: usize = 16;

/// device id → addresses.
struct Kept;
impl Typed for Kept {
    const TABLE: Table = Table::Addresses;
    type Key = DeviceId;
    type Row = Vec<String>;
}

/// Every address that was kept.
pub(super) fn kept(tx: &Tx<'_>) -> Result<Vec<String>, RowsError> {
    let rows = tx.rows_with_prefix::<Kept>(&[], HUBS)?;
    Ok(rows.into_iter().flat_map(|(_, addrs)| addrs).collect())
}

/// Keeps the addresses of a hub.
pub(super) fn keep(tx: &mut Tx<'_>, device: &DeviceId, addrs: &[String]) {
    tx.put::<Kept>(device, &addrs.to_vec());
}
