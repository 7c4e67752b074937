//! A card in software, made of Plonky3's own transforms and trees.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use karat::backend::Node;
use karat::config::{Compression, Dft, KeccakCompression, KeccakSponge, Sponge, Val};
use karat::report::{EngineUsage, StageUsage, Usage};
use karat::{Backend, BackendError, HashFunction, Poseidon2Constants};
use karat_abi::Stage;
use p3_dft::TwoAdicSubgroupDft;
use p3_field::{Field, PrimeField64};
use p3_keccak::Keccak256Hash;
use p3_matrix::Matrix;
use p3_matrix::bitrev::BitReversibleMatrix;
use p3_matrix::dense::RowMajorMatrix;
use p3_merkle_tree::MerkleTree;

type Packed = <Val as Field>::Packing;

/// The card. Counts its operations as cycles, and fails the one numbered `fail_at`.
pub struct Software {
    constants: Mutex<Poseidon2Constants>,
    operations: AtomicU64,
    fail_at: u64,
    bytes: [AtomicU64; 2],
    /// Operations by name and stage, in order.
    pub log: Mutex<Vec<(&'static str, Stage)>>,
    /// What happens to downloaded words, for cards that answer wrongly.
    pub corrupt_rows: bool,
}

/// Every node of a tree, numbered as in a heap.
pub struct Heap(Vec<Node>);

#[derive(Debug, thiserror::Error)]
#[error("operation {0} was made to fail")]
pub struct MadeToFail(pub u64);

impl Software {
    pub fn new() -> Arc<Self> {
        Self::failing_at(u64::MAX)
    }

    pub fn failing_at(fail_at: u64) -> Arc<Self> {
        Arc::new(Self::build(fail_at))
    }

    pub fn build(fail_at: u64) -> Self {
        Self {
            constants: Mutex::default(),
            operations: AtomicU64::new(0),
            fail_at,
            bytes: Default::default(),
            log: Mutex::default(),
            corrupt_rows: false,
        }
    }

    pub fn operations(&self) -> u64 {
        self.operations.load(Ordering::Relaxed)
    }

    pub fn bytes(&self) -> [u64; 2] {
        [0, 1].map(|i| self.bytes[i].load(Ordering::Relaxed))
    }

    fn begin(&self, name: &'static str, stage: Stage) -> Result<(), BackendError> {
        let number = self.operations.fetch_add(1, Ordering::Relaxed);
        self.log.lock().unwrap().push((name, stage));
        if number == self.fail_at {
            return Err(BackendError::new(name, MadeToFail(number)));
        }
        Ok(())
    }

    fn count(&self, direction: usize, words: usize) {
        self.bytes[direction].fetch_add(8 * words as u64, Ordering::Relaxed);
    }
}

impl Backend for Software {
    type Matrix = RowMajorMatrix<Val>;
    type Tree = Heap;

    fn load_constants(&self, constants: &Poseidon2Constants) -> Result<(), BackendError> {
        self.begin("load constants", Stage::None)?;
        *self.constants.lock().unwrap() = constants.clone();
        Ok(())
    }

    fn upload(&self, values: &RowMajorMatrix<Val>, stage: Stage) -> Result<RowMajorMatrix<Val>, BackendError> {
        self.begin("upload", stage)?;
        self.count(0, values.values.len());
        Ok(values.clone())
    }

    fn lde(
        &self,
        matrix: &RowMajorMatrix<Val>,
        log_blowup: usize,
        shift: Val,
        stage: Stage,
    ) -> Result<RowMajorMatrix<Val>, BackendError> {
        self.begin("lde", stage)?;
        Ok(Dft::default().coset_lde_batch(matrix.clone(), log_blowup, shift).bit_reverse_rows().to_row_major_matrix())
    }

    fn merkle(
        &self,
        matrices: &[&RowMajorMatrix<Val>],
        cap_height: usize,
        hash: HashFunction,
        stage: Stage,
    ) -> Result<(Vec<Node>, Heap), BackendError> {
        self.begin("merkle", stage)?;
        let leaves = matrices.iter().map(|&m| m.clone()).collect();
        // The cap of height c is the level of 2^c nodes: all caps make the heap.
        let mut heap = vec![Node::default()];
        match hash {
            HashFunction::Poseidon2 => {
                let permutation = self.constants.lock().unwrap().permutation();
                let tree = MerkleTree::<Val, Val, RowMajorMatrix<Val>, 2, 4>::new::<Packed, Packed, _, _>(
                    &Sponge::new(permutation.clone()),
                    &Compression::new(permutation),
                    leaves,
                );
                let words = |node: [Val; 4]| node.map(|word| word.as_canonical_u64());
                heap.extend((0..tree.num_layers()).flat_map(|level| tree.cap(level).into_roots()).map(words));
            }
            HashFunction::Keccak => {
                let tree = MerkleTree::<Val, u8, RowMajorMatrix<Val>, 2, 32>::new::<Val, u8, _, _>(
                    &KeccakSponge::new(Keccak256Hash),
                    &KeccakCompression::new(Keccak256Hash),
                    leaves,
                );
                let words = |node: [u8; 32]| std::array::from_fn(|i| u64::from_le_bytes(node.as_chunks::<8>().0[i]));
                heap.extend((0..tree.num_layers()).flat_map(|level| tree.cap(level).into_roots()).map(words));
            }
        }
        let cap = heap[1 << cap_height..2 << cap_height].to_vec();
        self.count(1, 4 * cap.len());
        Ok((cap, Heap(heap)))
    }

    fn download(
        &self,
        matrix: &RowMajorMatrix<Val>,
        rows: Range<usize>,
        stage: Stage,
    ) -> Result<RowMajorMatrix<Val>, BackendError> {
        self.begin("download", stage)?;
        self.count(1, rows.len() * matrix.width());
        let words = rows.start * matrix.width()..rows.end * matrix.width();
        Ok(RowMajorMatrix::new(matrix.values[words].to_vec(), matrix.width()))
    }

    fn rows(
        &self,
        matrix: &RowMajorMatrix<Val>,
        indices: &[usize],
        stage: Stage,
    ) -> Result<RowMajorMatrix<Val>, BackendError> {
        self.begin("rows", stage)?;
        assert!(indices.is_sorted_by(|a, b| a < b), "ascending, none twice");
        self.count(1, indices.len() * matrix.width());
        let mut values: Vec<Val> = indices.iter().flat_map(|&row| matrix.row_slice(row).unwrap().to_vec()).collect();
        if self.corrupt_rows {
            values[0] += Val::new(1);
        }
        Ok(RowMajorMatrix::new(values, matrix.width()))
    }

    fn nodes(&self, tree: &Heap, nodes: &[usize], stage: Stage) -> Result<Vec<Node>, BackendError> {
        self.begin("nodes", stage)?;
        self.count(1, 4 * nodes.len());
        Ok(nodes.iter().map(|&node| tree.0[node]).collect())
    }

    fn usage(&self) -> Result<Usage, BackendError> {
        let log = self.log.lock().unwrap();
        let stages = Stage::ALL.map(|stage| {
            let commands = log.iter().filter(|(_, s)| *s == stage).count() as u64;
            StageUsage { name: stage.name().into(), cycles: 10 * commands, commands }
        });
        let [bytes_to_card, bytes_from_card] = self.bytes();
        Ok(Usage {
            cycles: 10 * self.operations(),
            idle_cycles: 0,
            host_cycles: 0,
            host_seconds: 0.0,
            commands: self.operations(),
            bytes_to_card,
            bytes_from_card,
            engines: vec![EngineUsage {
                name: "software".into(),
                busy_cycles: 9 * self.operations(),
                starved_cycles: 0,
                stalled_cycles: 1,
            }],
            stages: stages.to_vec(),
        })
    }
}
