//! Layers: which column each node stands in, so that references lead to the right wherever they can,
//! and the bends by which long ones pass the columns between. After Sugiyama's framework (K. Sugiyama,
//! S. Tagawa, M. Toda, "Methods for visual understanding of hierarchical system structures", 1981).

/// A node of the picture or a bend, by number: nodes first, as in the picture.
pub type Vertex = usize;

/// A reference as it runs from left to right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Index of the edge in the picture.
    pub edge: usize,
    /// The left end, the bends, the right end.
    pub through: Vec<Vertex>,
    /// Whether the reference itself leads to the left: one that closes a cycle.
    pub backwards: bool,
}

/// Columns and what runs between them.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// Vertices of each column; their order is not yet chosen.
    pub columns: Vec<Vec<Vertex>>,
    /// Column of each vertex.
    pub column_of: Vec<usize>,
    /// References, without those of a node to itself.
    pub runs: Vec<Run>,
}

impl Layers {
    /// Puts `count` nodes with these edges into columns.
    pub fn new(count: usize, edges: &[(usize, usize)]) -> Self {
        let turned = closing(count, edges);
        let forward: Vec<(usize, usize)> = edges
            .iter()
            .zip(&turned)
            .map(|(&(from, to), &turned)| if turned { (to, from) } else { (from, to) })
            .collect();
        let mut layers = Self {
            columns: Vec::new(),
            column_of: columns(count, &forward),
            runs: Vec::new(),
        };
        for (edge, (&(left, right), &backwards)) in forward.iter().zip(&turned).enumerate() {
            if left != right {
                let through = layers.bend(left, right);
                layers.runs.push(Run {
                    edge,
                    through,
                    backwards,
                });
            }
        }
        let last = layers.column_of.iter().max().map_or(0, |last| last + 1);
        layers.columns = vec![Vec::new(); last];
        for (vertex, &column) in layers.column_of.iter().enumerate() {
            layers.columns[column].push(vertex);
        }
        layers
    }

    /// The way from one node to another, with a new bend in each column between.
    fn bend(&mut self, left: Vertex, right: Vertex) -> Vec<Vertex> {
        let mut through = vec![left];
        for column in self.column_of[left] + 1..self.column_of[right] {
            through.push(self.column_of.len());
            self.column_of.push(column);
        }
        through.push(right);
        through
    }
}

/// Which edges close a cycle, in a walk that begins at the nodes that nothing refers to.
fn closing(count: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let mut onward = vec![Vec::new(); count];
    let mut referred = vec![0; count];
    for (edge, &(from, to)) in edges.iter().enumerate() {
        if from != to {
            onward[from].push(edge);
            referred[to] += 1;
        }
    }
    let mut starts: Vec<usize> = (0..count).collect();
    starts.sort_by_key(|&node| (referred[node] != 0, node));
    let mut turned = vec![false; edges.len()];
    // 0 not met, 1 on the way here, 2 done.
    let mut met = vec![0_u8; count];
    for start in starts {
        let mut way: Vec<(usize, usize)> = Vec::new();
        if met[start] == 0 {
            met[start] = 1;
            way.push((start, 0));
        }
        while let Some((node, next)) = way.last_mut() {
            let node = *node;
            let Some(&edge) = onward[node].get(*next) else {
                met[node] = 2;
                way.pop();
                continue;
            };
            *next += 1;
            let to = edges[edge].1;
            match met[to] {
                0 => {
                    met[to] = 1;
                    way.push((to, 0));
                }
                1 => turned[edge] = true,
                _ => {}
            }
        }
    }
    turned
}

/// The column of each node: as far to the right as its longest way from the left, and then, where that
/// makes more references shorter than longer, nearer to what it leads to.
fn columns(count: usize, forward: &[(usize, usize)]) -> Vec<usize> {
    let mut onward = vec![Vec::new(); count];
    let mut back = vec![Vec::new(); count];
    for &(left, right) in forward {
        if left != right {
            onward[left].push(right);
            back[right].push(left);
        }
    }
    let mut waiting: Vec<usize> = back.iter().map(Vec::len).collect();
    let mut ready: Vec<usize> = (0..count).filter(|&node| waiting[node] == 0).collect();
    let mut column = vec![0; count];
    let mut next = 0;
    while let Some(&node) = ready.get(next) {
        next += 1;
        for &right in &onward[node] {
            column[right] = column[right].max(column[node] + 1);
            waiting[right] -= 1;
            if waiting[right] == 0 {
                ready.push(right);
            }
        }
    }
    for &node in ready.iter().rev() {
        let nearest = onward[node].iter().map(|&right| column[right]).min();
        if let Some(nearest) = nearest
            && onward[node].len() > back[node].len()
        {
            column[node] = column[node].max(nearest - 1);
        }
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cycle_is_turned_at_one_reference() {
        let layers = Layers::new(3, &[(0, 1), (1, 2), (2, 0)]);
        assert_eq!(layers.column_of[..3], [0, 1, 2]);
        let turned: Vec<bool> = layers.runs.iter().map(|run| run.backwards).collect();
        assert_eq!(turned, [false, false, true]);
        assert_eq!(layers.runs[2].through.len(), 3);
    }

    #[test]
    fn a_late_holder_stands_beside_what_it_holds() {
        let layers = Layers::new(4, &[(0, 1), (1, 2), (3, 2)]);
        assert_eq!(layers.column_of[3], 1);
    }

    proptest! {
        #[test]
        fn every_run_leads_to_the_next_column(edges in prop::collection::vec((0..30_usize, 0..30_usize), 0..90)) {
            let layers = Layers::new(30, &edges);
            for run in &layers.runs {
                for pair in run.through.windows(2) {
                    prop_assert_eq!(layers.column_of[pair[0]] + 1, layers.column_of[pair[1]]);
                }
            }
            let placed: usize = layers.columns.iter().map(Vec::len).sum();
            prop_assert_eq!(placed, layers.column_of.len());
        }
    }
}
