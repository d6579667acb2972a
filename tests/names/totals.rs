//! No byte is counted twice, in any tree that was captured on a real host.

use std::fs;
use std::path::Path;

use memcgtop::model::{Model, Scope};

use crate::host::Host;

/// Each cgroup's path and usage in bytes.
fn captured(tree: &Path) -> Vec<(String, u64)> {
    let text = fs::read_to_string(tree).unwrap();
    let columns = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    columns.map(|columns| (columns[0].to_owned(), columns[1].parse().unwrap())).collect()
}

#[test]
fn the_total_is_at_most_what_the_top_level_holds() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/identity/usage");
    let mut trees = 0;
    for tree in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        let host = Host::new();
        let cgroups = captured(&tree);
        for (path, usage) in &cgroups {
            let above = Path::new(path).ancestors().skip(1).filter(|above| above.components().count() > 1);
            for above in above.filter(|above| !host.path("cgroup").join(above.strip_prefix("/").unwrap()).exists()) {
                // Some captures begin below it.
                host.cgroup_with(above.to_str().unwrap(), &usage.to_string(), &[]);
            }
            host.cgroup_with(path, &usage.to_string(), &[]);
        }
        let snapshot = host.read();
        let top: u64 = (snapshot.topology.cgroups.iter().zip(&snapshot.readings))
            .filter(|(cgroup, _)| cgroup.parent == Some(0))
            .map(|(_, memory)| memory.usage.unwrap())
            .sum();
        let mut model = Model::new(Scope::Containers);
        model.ingest(snapshot);
        let charged = model.charged_to_containers();
        let every: u64 = model.rows().map(|row| row.figures.usage.unwrap()).sum();
        let overhead = model.charged_to_runtimes();
        assert!(charged > 0 && charged + overhead <= top, "{}: {charged} + {overhead} of {top}", tree.display());
        // Only where containers are nested do the rows add up to more.
        assert!(every == charged || tree.ends_with("nested-systemd-v1.tsv"), "{}", tree.display());
        trees += 1;
    }
    assert_eq!(trees, 7);
}
