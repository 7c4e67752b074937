//! Contracts run in this process, on a chain of their own.

use revm::context::result::{ExecutionResult, Output};
use revm::context::{CfgEnv, Context, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::handler::{MainnetContext, MainnetEvm};
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use revm::{ExecuteCommitEvm, MainBuilder, MainContext};

use crate::{Compiled, Error};

/// The most gas of one transaction under the Osaka rules.
pub(crate) const GAS_LIMIT: u64 = 1 << 24;

/// A chain with nothing on it, under the Osaka rules.
pub struct Evm(MainnetEvm<MainnetContext<CacheDB<EmptyDB>>>);

/// What a call came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Whether the contract returned true.
    pub accepted: bool,
    /// Gas as it is billed: of the execution, or the least that its calldata costs, whichever is more.
    pub gas: u64,
    /// Gas of the execution and the transaction.
    pub execution_gas: u64,
    /// Bytes of calldata.
    pub calldata: usize,
    /// What the contract returned.
    pub output: Vec<u8>,
    /// Topics and data of the events.
    pub logs: Vec<(Vec<B256>, Vec<u8>)>,
}

impl Default for Evm {
    fn default() -> Self {
        Self::new()
    }
}

impl Evm {
    /// An empty chain.
    pub fn new() -> Self {
        let mut cfg = CfgEnv::new_with_spec(SpecId::OSAKA);
        cfg.disable_nonce_check = true;
        Self(Context::mainnet().with_db(CacheDB::new(EmptyDB::default())).with_cfg(cfg).build_mainnet())
    }

    /// Puts a contract onto the chain, and first its pieces; `arguments` are what else its constructor takes, ABI-encoded.
    /// Returns its address, and the gas that all of it took.
    ///
    /// # Errors
    /// When the chain does not take it.
    pub fn deploy(&mut self, contract: &Compiled, arguments: &[u8]) -> Result<(Address, u64), Error> {
        let mut code = contract.code.clone();
        let mut total = 0;
        for piece in &contract.pieces {
            let (address, gas) = self.create("the deployment of a piece", piece.clone())?;
            code.extend(address.into_word());
            total += gas;
        }
        code.extend(arguments);
        let (address, gas) = self.create("the deployment", code)?;
        Ok((address, total + gas))
    }

    fn create(&mut self, what: &'static str, code: Vec<u8>) -> Result<(Address, u64), Error> {
        match self.transact(what, TxKind::Create, code, GAS_LIMIT)? {
            ExecutionResult::Success { gas, output: Output::Create(_, Some(address)), .. } => {
                Ok((address, gas.tx_gas_used()))
            }
            other => Err(Error::Execution { what, reason: format!("{other:?}") }),
        }
    }

    /// Calls `verify(bytes, uint64[])` of a contract.
    ///
    /// # Errors
    /// When the contract reverts, or runs out of gas.
    pub fn verify(&mut self, contract: Address, proof: &[u8], public_values: &[u64]) -> Result<Outcome, Error> {
        let call = [&selector("verify(bytes,uint64[])")[..], &arguments(proof, public_values)].concat();
        self.call(contract, call)
    }

    /// Calls a contract.
    ///
    /// # Errors
    /// When the contract reverts, or runs out of gas.
    pub fn call(&mut self, contract: Address, calldata: Vec<u8>) -> Result<Outcome, Error> {
        self.call_with_gas(contract, calldata, GAS_LIMIT)
    }

    /// Calls a contract with so much gas.
    ///
    /// # Errors
    /// As [`Evm::call`]: nothing of the call has happened then.
    pub fn call_with_gas(&mut self, contract: Address, calldata: Vec<u8>, limit: u64) -> Result<Outcome, Error> {
        let size = calldata.len();
        match self.transact("the call", TxKind::Call(contract), calldata, limit)? {
            ExecutionResult::Success { gas, logs, output: Output::Call(output), .. } => Ok(Outcome {
                accepted: U256::try_from_be_slice(&output) == Some(U256::ONE),
                gas: gas.tx_gas_used(),
                execution_gas: gas.total_gas_spent(),
                calldata: size,
                output: output.to_vec(),
                logs: logs.into_iter().map(|log| (log.topics().to_vec(), log.data.data.to_vec())).collect(),
            }),
            other => Err(Error::Execution { what: "the call", reason: format!("{other:?}") }),
        }
    }

    fn transact(
        &mut self,
        what: &'static str,
        kind: TxKind,
        data: Vec<u8>,
        gas_limit: u64,
    ) -> Result<ExecutionResult, Error> {
        let tx = TxEnv { kind, data: Bytes::from(data), gas_limit, ..TxEnv::default() };
        self.0.transact_commit(tx).map_err(|error| Error::Execution { what, reason: error.to_string() })
    }
}

/// The first four bytes of a call of this function.
pub fn selector(signature: &str) -> [u8; 4] {
    let hash = keccak256(signature);
    [hash[0], hash[1], hash[2], hash[3]]
}

/// A proof and public values as the arguments of a call, ABI-encoded.
pub fn arguments(proof: &[u8], public_values: &[u64]) -> Vec<u8> {
    let padded = proof.len().next_multiple_of(32);
    let word = |value: u64| B256::from(U256::from(value)).0;
    let mut call = Vec::with_capacity(padded + 32 * (4 + public_values.len()));
    call.extend(word(64));
    call.extend(word(96 + padded as u64));
    call.extend(word(proof.len() as u64));
    call.extend(proof);
    call.resize(96 + padded, 0);
    call.extend(word(public_values.len() as u64));
    public_values.iter().for_each(|&value| call.extend(word(value)));
    call
}
