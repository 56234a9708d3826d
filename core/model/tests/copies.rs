//! A device that exists twice, noticed or not, does not keep its neighbours busy.
#![cfg(feature = "sim")]

use palier_model::journal::position;
use palier_model::keys::HoodHash;
use palier_model::sim::World;

fn entries(world: &mut World, node: usize, hood: &HoodHash) -> u64 {
    world.read(node, hood, |_, tx, _| Ok(position(tx)?.n)).unwrap()
}

#[test]
fn two_copies_of_a_device_that_opened_an_epoch_each_come_to_one() {
    for noticed in [true, false] {
        let mut world = World::new(31);
        let (anna, bo) = (world.add_person("Anna"), world.add_person("Bo"));
        let hood = world.found(anna, "Les Érables").unwrap();
        world.join(anna, bo, &hood).unwrap();
        world.connect(bo, anna);
        assert!(world.run_until_quiescent(60_000));
        world.disconnect(anna, bo);
        let me = world.nodes[anna].engine.me().clone();
        let twin = world.add_device(me, "twin");
        let copy = world.nodes[anna].stores.clone();
        if noticed {
            world.restore(twin, copy);
        } else {
            world.nodes[twin].stores = copy;
            world.restart(twin);
        }
        // Each links a telephone while they are apart, and so opens an epoch.
        for copy in [anna, twin] {
            assert!(world.link(copy, "telephone").1);
        }
        for copy in [anna, twin] {
            world.connect(copy, bo);
        }
        world.run_for(600_000);
        let before = entries(&mut world, bo, &hood);
        world.run_for(300_000);
        assert_eq!(entries(&mut world, bo, &hood), before, "noticed {noticed}");
    }
}
