//! Objects of packages that many programs have: HTTP clients and SQLAlchemy. Their private fields may
//! change; a field that is not there makes the answer "unknown", never wrong.

use super::{Inspection, Inspectors};
use crate::heap::short_name;
use unfreed_recording::snapshot::NodeIndex;

impl Inspectors<'_, '_> {
    pub(super) fn requests_session(&self, _: NodeIndex) -> Option<Inspection> {
        Inspection::unknown("may be closed: requests keeps no note of close()")
    }

    pub(super) fn requests_response(&self, node: NodeIndex) -> Option<Inspection> {
        if self.flag(node, "_content_consumed")? {
            return Inspection::over("is a response that was read to its end");
        }
        let raw = self.attribute(node, "raw")?;
        self.inspect(raw)
            .or_else(|| Inspection::in_use("is a response that is not read to its end"))
    }

    pub(super) fn urllib3_response(&self, node: NodeIndex) -> Option<Inspection> {
        let body = self.attribute(node, "_fp")?;
        self.http_response(body)
            .or_else(|| Inspection::unknown("is a response whose body the snapshot does not show"))
    }

    pub(super) fn httpx_client(&self, node: NodeIndex) -> Option<Inspection> {
        let state = self.attribute(node, "_state")?;
        let class = self.heap.type_of(state)?.node?;
        let member = |name| {
            let direct = self.attribute(class, name);
            let members = || self.entry(self.attribute(class, "_member_map_")?, name);
            direct == Some(state) || members() == Some(state)
        };
        if member("CLOSED") {
            Inspection::over("is a closed session")
        } else if member("OPENED") {
            Inspection::in_use("is an open session")
        } else {
            Inspection::unknown("is a session that was not used yet, as far as its state shows")
        }
    }

    pub(super) fn httpx_response(&self, node: NodeIndex) -> Option<Inspection> {
        if self.flag(node, "is_closed")? {
            Inspection::over("is a response that was read to its end or closed")
        } else {
            Inspection::in_use("is a response that is not closed")
        }
    }

    pub(super) fn aiohttp_session(&self, node: NodeIndex) -> Option<Inspection> {
        let connector = self.attribute(node, "_connector")?;
        if self.is_none(connector) || self.flag(connector, "_closed") == Some(true) {
            Inspection::over("is a closed session")
        } else {
            Inspection::in_use("is an open session")
        }
    }

    pub(super) fn aiohttp_response(&self, node: NodeIndex) -> Option<Inspection> {
        match (
            self.flag(node, "_closed"),
            self.is_attribute_none(node, "_connection"),
        ) {
            (Some(true), _) => Inspection::over("is a closed response"),
            // The class says so for every response that was not closed: then only it is referred to.
            (_, Some(true)) => Inspection::over("is a response that has given its connection back"),
            (_, Some(false)) => Inspection::in_use("is a response that holds a connection"),
            (_, None) => Inspection::unknown("is a response whose connection is not seen"),
        }
    }

    pub(super) fn sqlalchemy_session(&self, node: NodeIndex) -> Option<Inspection> {
        if self.is_attribute_none(node, "_transaction")? {
            // close() leaves a session that begins anew when it is used.
            Inspection::unknown("is a session without a transaction: closed, or between two uses")
        } else {
            Inspection::in_use("is a session in a transaction")
        }
    }

    pub(super) fn sqlalchemy_connection(&self, node: NodeIndex) -> Option<Inspection> {
        match self.is_attribute_none(node, "_dbapi_connection") {
            Some(false) => Inspection::in_use("is an open connection"),
            // close() deletes the attribute, or leaves None where reconnecting is allowed.
            Some(true) | None => Inspection::over("is a closed connection"),
        }
    }

    /// A session's type in short, for sentences.
    pub(super) fn short_type(&self, node: NodeIndex) -> String {
        short_name(&self.heap.type_name(node)).to_owned()
    }
}
