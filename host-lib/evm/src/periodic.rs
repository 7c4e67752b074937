//! Periodic columns: their polynomials, as data in a contract's code and the loops that evaluate them.

use p3_dft::{NaiveDft, TwoAdicSubgroupDft};
use p3_field::{Field, PrimeCharacteristicRing, PrimeField64, TwoAdicField};

use crate::compiler::CODE_LIMIT;
use crate::config::{Challenge, Val};
use crate::layout::Constants;
use crate::source::{assembly, functions, stores};
use crate::tape::WORD;
use crate::{Error, Shape};

/// Coefficients that a value of a column is worth in gas, of those that are not zero: it takes an inversion.
const MARK: usize = 50;

/// The periodic columns of an AIR.
pub(crate) struct Periodic(Vec<Column>);

/// A column, as a polynomial of the point to the power of the periods in a trace.
struct Column {
    /// log2 of these periods.
    log_periods: usize,
    polynomial: Polynomial,
}

enum Polynomial {
    /// Coefficients, the one of the highest power first.
    Coefficients(Vec<Val>),
    /// Of few values that are not zero: rows, and what their fractions are multiplied by.
    Marks(Vec<[Val; 2]>),
}

impl Column {
    fn new(values: &[Val], log_rows: usize) -> Self {
        let log_periods = log_rows - values.len().ilog2() as usize;
        let polynomial = if marks(values).is_some() {
            let root = Val::two_adic_generator(values.len().ilog2() as usize);
            let length = Val::from_usize(values.len()).inverse();
            let marked = root.powers().zip(values).filter(|(_, value)| !value.is_zero());
            Polynomial::Marks(marked.map(|(row, &value)| [row, value * row * length]).collect())
        } else {
            let mut coefficients = NaiveDft.idft(values.to_vec());
            coefficients.reverse();
            Polynomial::Coefficients(coefficients)
        };
        Self { log_periods, polynomial }
    }

    /// What it is evaluated from.
    fn data(&self) -> Vec<u8> {
        let elements = match &self.polynomial {
            Polynomial::Coefficients(coefficients) => &coefficients[..],
            Polynomial::Marks(marks) => marks.as_flattened(),
        };
        elements.iter().flat_map(|element| element.as_canonical_u64().to_be_bytes()).collect()
    }

    /// Code that leaves its value at `place`. Powers of the point, by squaring, are from `squares` on.
    fn code<E: Challenge>(&self, squares: usize, log_rows: usize, place: usize) -> String {
        let data = self.data();
        let power = squares + 32 * self.log_periods;
        match self.polynomial {
            Polynomial::Coefficients(_) => {
                let code = format!(
                    "{}let power := mload({power:#x})
let sum := 0
for {{ let next := TAPE }} lt(next, add(TAPE, {})) {{ next := add(next, 8) }} {{
    sum := add(product(sum, power), shr(192, mload(next)))
}}
mstore({place:#x}, reduced(sum))
",
                    stores("TAPE", &data),
                    data.len()
                );
                assembly(&(functions::<E>(&code) + &code))
            }
            // Each times the polynomial that is one on its row and zero on all others,
            // `row / length * (power^length - 1) / (power - row)`.
            Polynomial::Marks(_) => {
                let last = squares + 32 * log_rows;
                let load = format!("{}power := mload({power:#x})\nlast := mload({last:#x})\n", stores("TAPE", &data));
                format!(
                    "        {{
        uint256 sum;
        uint256 power;
        uint256 last;
{}        for (uint256 next = TAPE; next < TAPE + {}; next += 16) {{
        uint256 row;
        uint256 factor;
{}        sum = Extension.reduce(sum + Extension.scale(Extension.inverse(Extension.sub(power, row)), factor));
        }}
        sum = Extension.mul(sum, Extension.sub(last, 1));
{}        }}
",
                    assembly(&load),
                    data.len(),
                    assembly("row := shr(192, mload(next))\nfactor := shr(192, mload(add(next, 8)))\n"),
                    assembly(&format!("mstore({place:#x}, sum)\n"))
                )
            }
        }
    }
}

/// How many values are not zero, if they are few.
fn marks(values: &[Val]) -> Option<usize> {
    let count = values.iter().filter(|value| !value.is_zero()).count();
    (MARK * count < values.len()).then_some(count)
}

/// Bytes of code that hold the data of a column, about.
fn size(values: &[Val]) -> usize {
    marks(values).map_or(8 * values.len(), |count| 16 * count).div_ceil(32) * WORD
}

impl Periodic {
    /// The columns of contract `name`, in a trace of `2^log_rows` rows.
    ///
    /// # Errors
    /// For periods that no trace has, and columns that no contract has room for.
    pub fn new(name: &str, columns: &[Vec<Val>], log_rows: usize) -> Result<Self, Error> {
        if columns.iter().any(|column| !column.len().is_power_of_two() || column.len() > 1 << log_rows) {
            return Err(Error::Unsupported("a periodic column whose period does not divide the rows"));
        }
        let size: usize = columns.iter().map(|column| size(column)).sum();
        if size > CODE_LIMIT {
            return Err(Error::TooLarge { name: name.to_owned(), size, limit: CODE_LIMIT });
        }
        Ok(Self(columns.iter().map(|column| Column::new(column, log_rows)).collect()))
    }

    /// Bytes of the most data of a column.
    pub fn longest(&self) -> usize {
        self.0.iter().map(|column| column.data().len()).max().unwrap_or(0)
    }

    /// Code that evaluates the columns.
    pub fn code<E: Challenge>(&self, shape: &Shape, constants: &Constants) -> String {
        let (squares, places) = (constants.get("SQUARES"), constants.get("PERIODIC"));
        let columns = self.0.iter().enumerate();
        columns.map(|(i, column)| column.code::<E>(squares, shape.log_rows, places + 32 * i)).collect()
    }
}
