//! Mutations of a Plonky3 proof, as JSON: of its elements, digests, lists, and of what may be absent.

use rand::RngExt;
use rand::rngs::SmallRng;
use serde_json::{Value, json};

use crate::support::P;

/// Changes something, or nothing now and then.
pub fn mutate(proof: &mut Value, rng: &mut SmallRng) {
    match rng.random_range(0..20) {
        0..9 => element(proof, rng),
        9..14 => digest(proof, rng),
        14..16 => list(proof, rng),
        16 => optional(proof, rng),
        // What few bits of work do not bind.
        _ => proof["opening_proof"]["query_pow_witness"] = random(rng),
    }
}

fn random(rng: &mut SmallRng) -> Value {
    (rng.random::<u64>() % P).into()
}

/// A way down to something that `wanted` likes. All branches are equally likely, whatever is in them: lists of queries would
/// leave little to all else. Only the two numbers at the top would get too much: they are mostly left alone.
fn find(root: &Value, rng: &mut SmallRng, wanted: impl Fn(&Value) -> bool) -> Option<String> {
    'again: for _ in 0..50 {
        let (mut path, mut value) = (String::new(), root);
        loop {
            if wanted(value) && rng.random_range(0..3) > 0 {
                if path.matches('/').count() == 1 && rng.random_range(0..10) > 0 {
                    continue 'again;
                }
                return Some(path);
            }
            let next = match value {
                Value::Array(items) if !items.is_empty() && !is_digest(value) => {
                    let place = rng.random_range(0..items.len());
                    Some((place.to_string(), &items[place]))
                }
                Value::Object(items) => items.iter().nth(rng.random_range(0..items.len())).map(|(k, v)| (k.clone(), v)),
                _ => None,
            };
            let Some((key, below)) = next else { continue 'again };
            path = format!("{path}/{key}");
            value = below;
        }
    }
    None
}

fn is_digest(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|bytes| bytes.len() == 32 && bytes.iter().all(|byte| byte.as_u64().is_some_and(|b| b < 256)))
}

fn at<'a>(proof: &'a mut Value, path: &str) -> &'a mut Value {
    proof.pointer_mut(path).expect("paths lead to values")
}

/// Exchanges two values.
fn swap(proof: &mut Value, one: &str, other: &str) {
    let value = at(proof, one).clone();
    let value = std::mem::replace(at(proof, other), value);
    *at(proof, one) = value;
}

fn element(proof: &mut Value, rng: &mut SmallRng) {
    let Some(path) = find(proof, rng, Value::is_number) else { return };
    let Some(other) = find(proof, rng, Value::is_number) else { return };
    let old = at(proof, &path).as_u64().unwrap_or(0);
    let new = match rng.random_range(0..9) {
        0 => rng.random::<u64>() % P,
        1 => (old + 1) % P,
        2 => old.checked_sub(1).unwrap_or(P - 1),
        3 => 0,
        4 => 1,
        5 => P - 1,
        6 => (old ^ 1 << rng.random_range(0..64)) % P,
        7 => at(proof, &other).as_u64().unwrap_or(0),
        _ => return swap(proof, &path, &other),
    };
    *at(proof, &path) = new.into();
}

fn digest(proof: &mut Value, rng: &mut SmallRng) {
    let Some(path) = find(proof, rng, is_digest) else { return };
    let Some(other) = find(proof, rng, is_digest) else { return };
    match rng.random_range(0..5) {
        0 => swap(proof, &path, &other),
        1 => *at(proof, &path) = at(proof, &other).clone(),
        2 => *at(proof, &path) = json!([0_u8; 32].to_vec()),
        3 => *at(proof, &path) = json!(rng.random::<[u8; 32]>().to_vec()),
        _ => {
            let byte = &mut at(proof, &path)[rng.random_range(0..32)];
            *byte = (byte.as_u64().unwrap_or(0) ^ 1 << rng.random_range(0..8)).into();
        }
    }
}

fn list(proof: &mut Value, rng: &mut SmallRng) {
    let Some(path) = find(proof, rng, |value| value.is_array() && !is_digest(value)) else { return };
    let Some(items) = at(proof, &path).as_array_mut() else { return };
    if items.is_empty() {
        return;
    }
    let (one, other) = (rng.random_range(0..items.len()), rng.random_range(0..items.len()));
    match rng.random_range(0..7) {
        0 | 1 => items.swap(one, other),
        2 => items[one] = items[other].clone(),
        3 => items.insert(one, items[other].clone()),
        4 => drop(items.remove(one)),
        5 => items.reverse(),
        _ => items.clear(),
    }
}

/// What is there goes, and what is not there comes, with nothing or something in it.
fn optional(proof: &mut Value, rng: &mut SmallRng) {
    let places = [
        ("/commitments/random", "/commitments/trace"),
        ("/opened_values/random", "/opened_values/trace_local"),
        ("/opened_values/trace_next", "/opened_values/trace_local"),
        ("/opened_values/preprocessed_local", "/opened_values/trace_local"),
        ("/opened_values/preprocessed_next", "/opened_values/preprocessed_local"),
    ];
    let (path, like) = places[rng.random_range(0..places.len())];
    let new = match rng.random_range(0..3) {
        0 => Value::Null,
        1 => json!([]),
        _ => at(proof, like).clone(),
    };
    *at(proof, path) = new;
}
