//! Strongly connected components: Tarjan's algorithm with an explicit stack (R. Tarjan, "Depth-first
//! search and linear graph algorithms", SIAM J. Comput. 1972), in one pass over the edges.

use crate::csr::Csr;

/// Component of a node that was not part of the search.
pub const NO_COMPONENT: u32 = u32::MAX;

/// Which component each node belongs to.
#[derive(Clone, Debug, Default)]
pub struct Components {
    /// Component of each node; [`NO_COMPONENT`] where `include` said no.
    pub of_node: Vec<u32>,
    /// How many components there are. Every edge between two components leads to the lower id.
    pub count: u32,
}

impl Components {
    /// Nodes by component, each in rising order.
    #[must_use]
    pub fn members(&self) -> Vec<Vec<u32>> {
        let mut members = vec![Vec::new(); self.count as usize];
        for (node, &component) in self.of_node.iter().enumerate() {
            if component != NO_COMPONENT {
                members[component as usize].push(node as u32);
            }
        }
        members
    }
}

/// The strongly connected components of the part of the graph that `include` names.
pub fn components(graph: Csr<'_>, include: impl Fn(u32) -> bool) -> Components {
    let mut search = Search::new(graph.node_count());
    for node in 0..graph.node_count() as u32 {
        if search.order[node as usize] == 0 && include(node) {
            search.visit(graph, node, &include);
        }
    }
    Components {
        of_node: search.component,
        count: search.components,
    }
}

struct Search {
    /// 1-based order of discovery; 0 before it.
    order: Vec<u32>,
    low: Vec<u32>,
    component: Vec<u32>,
    open: Vec<u32>,
    calls: Vec<(u32, u32)>,
    discovered: u32,
    components: u32,
}

impl Search {
    fn new(nodes: usize) -> Self {
        Self {
            order: vec![0; nodes],
            low: vec![0; nodes],
            component: vec![NO_COMPONENT; nodes],
            open: Vec::new(),
            calls: Vec::new(),
            discovered: 0,
            components: 0,
        }
    }

    fn enter(&mut self, graph: Csr<'_>, node: u32) {
        self.discovered += 1;
        self.order[node as usize] = self.discovered;
        self.low[node as usize] = self.discovered;
        self.open.push(node);
        self.calls.push((node, graph.range(node).start as u32));
    }

    fn visit(&mut self, graph: Csr<'_>, root: u32, include: &impl Fn(u32) -> bool) {
        self.enter(graph, root);
        while let Some((node, edge)) = self.calls.pop() {
            if (edge as usize) < graph.range(node).end {
                self.calls.push((node, edge + 1));
                self.follow(graph, node, graph.target(edge), include);
            } else {
                self.leave(node);
            }
        }
    }

    fn follow(&mut self, graph: Csr<'_>, node: u32, target: u32, include: &impl Fn(u32) -> bool) {
        if !include(target) {
            return;
        }
        if self.order[target as usize] == 0 {
            self.enter(graph, target);
        } else if self.component[target as usize] == NO_COMPONENT {
            let low = self.order[target as usize];
            self.low[node as usize] = self.low[node as usize].min(low);
        }
    }

    fn leave(&mut self, node: u32) {
        let low = self.low[node as usize];
        if low == self.order[node as usize] {
            while let Some(member) = self.open.pop() {
                self.component[member as usize] = self.components;
                if member == node {
                    break;
                }
            }
            self.components += 1;
        }
        if let Some(&(caller, _)) = self.calls.last() {
            self.low[caller as usize] = self.low[caller as usize].min(low);
        }
    }
}
