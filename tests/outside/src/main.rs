//! An AIR that Karat does not know, proved by Plonky3's own `prove` on the simulated card, verified by Plonky3 alone.

use std::error::Error;
use std::sync::Arc;

use karat::config::{Challenge, CpuPcs, Dft, Permutation};
use karat::{Card, CardPcs, Parameters, Session};
use p3_air::{Air, AirBuilder, BaseAir, WindowAccess};
use p3_challenger::DuplexChallenger;
use p3_field::PrimeCharacteristicRing;
use p3_goldilocks::Goldilocks;
use p3_matrix::dense::RowMajorMatrix;
use p3_uni_stark::{Proof, StarkConfig, prove, verify};

/// `x` becomes `x^2 + i` in step `i`; the first and the last `x` are public.
struct Squares;

impl BaseAir<Goldilocks> for Squares {
    fn width(&self) -> usize {
        2
    }

    fn num_public_values(&self) -> usize {
        2
    }
}

impl<AB: AirBuilder<F = Goldilocks>> Air<AB> for Squares {
    fn eval(&self, builder: &mut AB) {
        let main = builder.main();
        let ([i, x], [next_i, next_x]) = {
            let (row, next) = (main.current_slice(), main.next_slice());
            ([row[0], row[1]], [next[0], next[1]])
        };
        let (first, last) = (builder.public_values()[0], builder.public_values()[1]);
        builder.when_first_row().assert_zero(i);
        builder.when_first_row().assert_eq(x, first);
        builder.when_transition().assert_eq(next_i, i + AB::Expr::ONE);
        builder.when_transition().assert_eq(next_x, x * x + i);
        builder.when_last_row().assert_eq(x, last);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut rows = vec![[Goldilocks::ZERO, Goldilocks::from_u64(3)]];
    while let [i, x] = rows[rows.len() - 1]
        && rows.len() < 64
    {
        rows.push([i + Goldilocks::ONE, x * x + i]);
    }
    let public_values = vec![rows[0][1], rows[63][1]];
    let trace = RowMajorMatrix::new(rows.concat(), 2);

    // The transcript is p3's too: nothing but the commitment scheme is Karat's.
    type Transcript = DuplexChallenger<Goldilocks, Permutation, 8, 4>;
    type OnCard = StarkConfig<CardPcs<Session>, Challenge, Transcript>;
    type Stock = StarkConfig<CpuPcs, Challenge, Transcript>;
    let parameters = Parameters { num_queries: 20, query_pow_bits: 4, ..Parameters::default() };
    let transcript = || Transcript::new(parameters.constants.permutation());

    let card = Card::open("sim")?;
    let session = Arc::new(card.session()?);
    let proof = prove(&OnCard::new(CardPcs::new(session, &parameters)?, transcript()), &Squares, trace, &public_values)
        .map_err(|error| format!("{error:?}"))?;

    let stock = Stock::new(<CpuPcs>::new(Dft::default(), parameters.mmcs(), parameters.fri()), transcript());
    let proof = Proof::<Stock> {
        commitments: proof.commitments,
        opened_values: proof.opened_values,
        opening_proof: proof.opening_proof,
        degree_bits: proof.degree_bits,
        ood_pow_witness: proof.ood_pow_witness,
    };
    verify(&stock, &Squares, &proof, &public_values).map_err(|error| format!("{error:?}"))?;
    let other = [public_values[0], public_values[1] + Goldilocks::ONE];
    if verify(&stock, &Squares, &proof, &other).is_ok() {
        return Err("a proof of something else is accepted".into());
    }
    println!("proved on sim, verified by Plonky3");
    Ok(())
}
