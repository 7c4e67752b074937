//! `karat info`: what a card is and can do.

use karat::{Error, HashFunction, HashName, OpenOptions};

/// What `karat info` is told.
#[derive(clap::Args)]
pub struct Arguments {
    /// The card: `model`, `sim`, `sim:CONFIGURATION`, or `dual` or `dual:CONFIGURATION` for both, compared.
    #[arg(long, default_value = "sim")]
    card: String,
}

/// Boots the card and prints its capabilities.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let card = crate::open::card(&arguments.card, &OpenOptions::default())?;
    let info = card.device().info();
    let firmware: String = card.firmware_sha256().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("card                {}", card.device().name());
    println!("contract            {}.{:016x}", karat_abi::ABI_VERSION, karat_abi::ABI_HASH);
    println!("firmware SHA-256    {firmware}");
    // The model has neither.
    if info.ntt_lanes > 0 {
        println!("NTT lanes           {}", info.ntt_lanes);
    }
    println!("transform buffer    {} rows", 1u64 << info.log_buffer);
    if info.hash_multipliers > 0 {
        println!("hash multipliers    {}", info.hash_multipliers);
    }
    let hashes = [HashFunction::Poseidon2, HashFunction::Keccak].into_iter().filter(|hash| info.has_hash(*hash));
    let hashes: Vec<String> = hashes.map(|hash| HashName::from(hash).to_string()).collect();
    println!("hashes              {}", hashes.join(", "));
    println!("hash batch          {} rows", 1u64 << info.log_hash_batch);
    println!("vector lanes        {}", info.vector_lanes);
    println!("layout buffer       2 x {} beats", info.layout_beats);
    println!("card memory         {} MiB, {} channel(s)", u64::from(info.card_beats) >> 14, info.memory_channels);
    Ok(())
}
