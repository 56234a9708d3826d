//! The transport's key: new at every start on a phone, so that a listener on the Wi-Fi
//! cannot follow a person for years; kept on a hub, whose address others remember.

use palier_model::keys::Keystore;

use super::NodeError;
use crate::home::Home;
use crate::net::Keypair;

const KEYSTORE_NAME: &str = "palier-transport";

/// The key to start the network with.
pub(super) fn keypair(kept: bool, home: &Home) -> Result<Keypair, NodeError> {
    if !kept {
        return Ok(Keypair::generate_ed25519());
    }
    let keystore = home.keystore();
    if let Some(bytes) = keystore.load(KEYSTORE_NAME)?
        && let Ok(keypair) = Keypair::from_protobuf_encoding(&bytes)
    {
        return Ok(keypair);
    }
    let keypair = Keypair::generate_ed25519();
    let bytes =
        keypair.to_protobuf_encoding().map_err(|_| palier_model::keys::KeystoreError::Corrupt)?;
    keystore.store(KEYSTORE_NAME, &bytes)?;
    Ok(keypair)
}
