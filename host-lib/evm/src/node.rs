//! A chain's node: transactions by JSON-RPC over HTTP.

use std::io::Read;
use std::str::FromStr;
use std::time::{Duration, Instant};

use revm::primitives::{Bytes, U256, hex};
use serde_json::{Value, json};
use ureq::Agent;

use crate::evm::GAS_LIMIT;
use crate::{Address, B256, Compiled, NodeError};

/// How long a node may take for an answer.
const ANSWER: Duration = Duration::from_secs(60);

/// How long a transaction may take to be in a block.
const MINED: Duration = Duration::from_secs(180);

/// The most bytes of an answer.
const LONGEST: u64 = 1 << 24;

/// A node that signs transactions itself, and the account that they are from.
#[derive(Debug)]
pub struct Node {
    agent: Agent,
    url: String,
    account: Address,
}

/// A transaction in a block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// Its hash.
    pub transaction: B256,
    /// The number of its block.
    pub block: u64,
    /// Gas that it was billed.
    pub gas: u64,
    /// The contract that it put onto the chain, if it did.
    pub contract: Option<Address>,
    /// Its events.
    pub logs: Vec<Log>,
}

/// An event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Log {
    /// The contract that it is of.
    pub address: Address,
    /// Its kind, and what it is indexed by.
    pub topics: Vec<B256>,
    /// The rest.
    pub data: Vec<u8>,
}

impl Node {
    /// A node, and its first unlocked account.
    ///
    /// # Errors
    /// When none is there, or it has no such account.
    pub fn connect(url: &str) -> Result<Self, NodeError> {
        // What is to be spoken to is named, and on this machine more often than not: no proxy is asked for it.
        let agent = Agent::config_builder().timeout_global(Some(ANSWER)).proxy(None).build().into();
        let mut node = Self { agent, url: url.to_owned(), account: Address::ZERO };
        let accounts = node.request("eth_accounts", &json!([]))?;
        let list = accounts.as_array().ok_or_else(|| node.answer("eth_accounts", &accounts))?;
        let first = list.first().ok_or_else(|| NodeError::NoAccount(url.to_owned()))?;
        node.account = parsed(first).ok_or_else(|| node.answer("eth_accounts", &accounts))?;
        Ok(node)
    }

    /// The URL that it was connected by.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The account that transactions are from.
    pub fn account(&self) -> Address {
        self.account
    }

    /// What the node answers to a request.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub fn request(&self, method: &str, params: &Value) -> Result<Value, NodeError> {
        let unreachable = |reason: String| NodeError::Unreachable { url: self.url.clone(), reason };
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let post = self.agent.post(&self.url).header("content-type", "application/json");
        let response = post.send(request).map_err(|error| unreachable(error.to_string()))?;
        let mut text = Vec::new();
        let mut body = response.into_body().into_reader().take(LONGEST);
        body.read_to_end(&mut text).map_err(|error| unreachable(error.to_string()))?;
        let no_json = || Value::from(String::from_utf8_lossy(&text).into_owned());
        let mut answer: Value = serde_json::from_slice(&text).map_err(|_| self.answer(method, &no_json()))?;
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            let message = error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned);
            let data = parsed::<Bytes>(&error["data"]).map_or(Vec::new(), Vec::from);
            return Err(NodeError::Refused { method: method.to_owned(), message, data });
        }
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(self.answer(method, &answer)),
        }
    }

    /// Puts a contract whose constructor takes nothing but pieces onto the chain, and first these. The last transaction is
    /// the contract's.
    ///
    /// # Errors
    /// As [`Node::transact`].
    pub fn deploy(
        &self,
        what: &'static str,
        contract: &Compiled,
        gas: Option<u64>,
    ) -> Result<(Address, Vec<Receipt>), NodeError> {
        let mut receipts = Vec::new();
        let mut create = |what, code: &[u8]| {
            let receipt = self.transact(what, None, code, gas)?;
            let address = receipt.contract.ok_or_else(|| self.answer("eth_getTransactionReceipt", &Value::Null))?;
            receipts.push(receipt);
            Ok(address)
        };
        let mut code = contract.code.clone();
        for piece in &contract.pieces {
            code.extend(create("the deployment of the contract's data", piece)?.into_word());
        }
        let address = create(what, &code)?;
        Ok((address, receipts))
    }

    /// Insists on a contract that is on the chain already. Not compared is what it was told when it was deployed: the
    /// addresses of its pieces, which its constructor compares itself.
    ///
    /// # Errors
    /// When something else is at the address, or nothing.
    pub fn expect(&self, contract: &Compiled, address: Address) -> Result<(), NodeError> {
        let answer = self.request("eth_getCode", &json!([address.to_string(), "latest"]))?;
        let code: Bytes = parsed(&answer).ok_or_else(|| self.answer("eth_getCode", &answer))?;
        let found = match &code[..] {
            [] => "an account without code",
            code if contract.is_deployed_as(code) => return Ok(()),
            _ => "one for another AIR, other parameters or another height, or of another version",
        };
        Err(NodeError::NotThere { name: contract.name.clone(), address, found })
    }

    /// Sends a transaction to a contract, or one that makes a contract, and waits until it is in a block. `gas` is the most
    /// that it may take; without it the node finds out what it takes, and nothing is sent that would be undone.
    ///
    /// # Errors
    /// When the node refuses it, when it is undone, and when no block has it after three minutes.
    pub fn transact(
        &self,
        what: &'static str,
        to: Option<Address>,
        data: &[u8],
        gas: Option<u64>,
    ) -> Result<Receipt, NodeError> {
        let mut transaction = json!({ "from": self.account.to_string(), "data": hex::encode_prefixed(data) });
        if let Some(to) = to {
            transaction["to"] = to.to_string().into();
        }
        // Nodes are known to take such a transaction, and never to mine it.
        let least = floor(data);
        if let Some(limit) = gas.filter(|&limit| limit < least) {
            return Err(NodeError::TooLittleGas { what, limit, least });
        }
        // Also when the node is asked: the least that may be had is what it tries with.
        transaction["gas"] = format!("{:#x}", gas.unwrap_or(GAS_LIMIT)).into();
        let limit = match gas {
            Some(gas) => gas,
            None => self.number("eth_estimateGas", &json!([transaction]))?,
        };
        transaction["gas"] = format!("{limit:#x}").into();
        let hash = self.request("eth_sendTransaction", &json!([transaction]))?;
        let transaction: B256 = parsed(&hash).ok_or_else(|| self.answer("eth_sendTransaction", &hash))?;
        let receipt = self.mined(what, transaction)?;
        let (succeeded, receipt) = read(&receipt).ok_or_else(|| self.answer("eth_getTransactionReceipt", &receipt))?;
        if !succeeded {
            return Err(NodeError::Undone { what, transaction, used: receipt.gas, limit });
        }
        Ok(receipt)
    }

    /// The receipt of a transaction, once there is one. HTTP has no way to be told: the node is asked, ever more rarely.
    fn mined(&self, what: &'static str, transaction: B256) -> Result<Value, NodeError> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(5);
        loop {
            let receipt = self.request("eth_getTransactionReceipt", &json!([transaction.to_string()]))?;
            if !receipt.is_null() {
                return Ok(receipt);
            }
            if start.elapsed() > MINED {
                return Err(NodeError::Pending { what, transaction, seconds: MINED.as_secs() });
            }
            std::thread::sleep(pause);
            pause = (2 * pause).min(Duration::from_secs(1));
        }
    }

    fn number(&self, method: &str, params: &Value) -> Result<u64, NodeError> {
        let value = self.request(method, params)?;
        quantity(&value).ok_or_else(|| self.answer(method, &value))
    }

    fn answer(&self, method: &str, answer: &Value) -> NodeError {
        let answer: String = answer.to_string().chars().take(200).collect();
        NodeError::Answer { url: self.url.clone(), method: method.to_owned(), answer }
    }
}

/// The least that a transaction with these bytes costs, by EIP-7623.
fn floor(data: &[u8]) -> u64 {
    21_000 + data.iter().map(|&byte| if byte == 0 { 10 } else { 40 }).sum::<u64>()
}

/// Whether a transaction succeeded, and its receipt.
fn read(receipt: &Value) -> Option<(bool, Receipt)> {
    let contract = &receipt["contractAddress"];
    let logs: Option<Vec<Log>> = receipt["logs"].as_array()?.iter().map(log).collect();
    let read = Receipt {
        transaction: parsed(&receipt["transactionHash"])?,
        block: quantity(&receipt["blockNumber"])?,
        gas: quantity(&receipt["gasUsed"])?,
        contract: if contract.is_null() { None } else { Some(parsed(contract)?) },
        logs: logs?,
    };
    Some((quantity(&receipt["status"])? == 1, read))
}

fn log(log: &Value) -> Option<Log> {
    let topics: Option<Vec<B256>> = log["topics"].as_array()?.iter().map(parsed).collect();
    Some(Log { address: parsed(&log["address"])?, topics: topics?, data: parsed::<Bytes>(&log["data"])?.into() })
}

fn parsed<T: FromStr>(value: &Value) -> Option<T> {
    value.as_str()?.parse().ok()
}

fn quantity(value: &Value) -> Option<u64> {
    parsed::<U256>(value)?.try_into().ok()
}
