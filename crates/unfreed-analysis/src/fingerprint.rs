//! The id of a finding: the same leak has the same one across runs, hosts and versions of the code.
//! No keys, no lines, no addresses go into it.

use crate::findings::Kind;

/// 12 hex digits of a 64-bit FNV-1a hash over the kind, the masked path of the suspect and the names
/// of the types that it gains. FNV because it is three lines and will never change under us.
#[must_use]
pub fn fingerprint(kind: Kind, path: &str, types: &[&str]) -> String {
    let mut types: Vec<&str> = types.to_vec();
    types.sort_unstable();
    types.dedup();
    let kind = format!("{kind:?}");
    let parts = [kind.as_str(), path].into_iter().chain(types);
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    format!("{:012x}", hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_types_does_not_matter_and_the_rest_does() {
        let id = fingerprint(Kind::Container, "app.STORE", &["str", "app.Session"]);
        assert_eq!(
            id,
            fingerprint(Kind::Container, "app.STORE", &["app.Session", "str"])
        );
        assert_ne!(
            id,
            fingerprint(Kind::Container, "app.OTHER", &["app.Session", "str"])
        );
        assert_ne!(
            id,
            fingerprint(Kind::Backlog, "app.STORE", &["app.Session", "str"])
        );
        assert_eq!(id.len(), 12);
        // Pinned: ids live on in baselines.
        assert_eq!(
            fingerprint(Kind::Container, "app.STORE", &[]),
            "592d321a3b8f"
        );
    }
}
