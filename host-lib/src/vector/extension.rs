//! Products in the challenge field.

use p3_field::{ExtensionField, PrimeCharacteristicRing, PrimeField64};

use crate::config::Val;
use crate::program::kernel::Kernel;
use crate::program::operation::{Constant, Source};

/// How to multiply by an element: word k of `a * b` is the sum over i of `a_i * f_ik`, where the factors `f_ik` are linear in the
/// coefficients of `b`, and some are the same.
pub(super) struct Factors {
    /// The linear forms that differ, by coefficients.
    forms: Vec<Vec<Val>>,
    /// The form at `[i][k]`.
    at: Vec<Vec<usize>>,
}

impl Factors {
    /// For a field.
    pub fn of<E: ExtensionField<Val>>() -> Self {
        let basis = |i: usize| E::ith_basis_element(i).expect("a coefficient");
        let mut forms: Vec<Vec<Val>> = Vec::new();
        let at = (0..E::DIMENSION)
            .map(|i| {
                let product = |j: usize| basis(i) * basis(j);
                let products: Vec<E> = (0..E::DIMENSION).map(product).collect();
                (0..E::DIMENSION)
                    .map(|k| {
                        let form: Vec<Val> = products.iter().map(|p| p.as_basis_coefficients_slice()[k]).collect();
                        forms.iter().position(|other| *other == form).unwrap_or_else(|| {
                            forms.push(form);
                            forms.len() - 1
                        })
                    })
                    .collect()
            })
            .collect();
        Self { forms, at }
    }

    /// How many forms there are.
    pub fn count(&self) -> usize {
        self.forms.len()
    }

    /// The forms' values for an element that is known.
    pub fn values<E: ExtensionField<Val>>(&self, b: E) -> Vec<Val> {
        let b = b.as_basis_coefficients_slice();
        self.forms.iter().map(|form| form.iter().zip(b).map(|(&f, &b)| f * b).sum()).collect()
    }

    /// The forms' values for an element of the program.
    pub fn sources(&self, kernel: &mut Kernel, b: &[Source]) -> Vec<Source> {
        let mut term = |&factor: &Val, b: Source| {
            if factor == Val::ONE {
                return b;
            }
            kernel.multiply(b, Source::Constant(Constant::Value(factor.as_canonical_u64())))
        };
        let terms: Vec<Vec<Source>> = self
            .forms
            .iter()
            .map(|form| {
                let terms = form.iter().zip(b).filter(|(factor, _)| **factor != Val::ZERO);
                terms.map(|(factor, &b)| term(factor, b)).collect()
            })
            .collect();
        let sum = |terms: &Vec<Source>| terms.iter().copied().reduce(|x, y| kernel.add(x, y));
        terms.iter().map(sum).map(|form| form.expect("no field multiplies by zero")).collect()
    }

    /// `a * b + c`, b by the values of its forms.
    pub fn multiply_add(&self, kernel: &mut Kernel, a: &[Source], b: &[Source], c: Option<&[Source]>) -> Vec<Source> {
        (0..a.len())
            .map(|k| {
                let mut sum = c.map(|c| c[k]);
                for (i, &a) in a.iter().enumerate() {
                    let b = b[self.at[i][k]];
                    sum = Some(match sum {
                        None => kernel.multiply(a, b),
                        Some(sum) => kernel.multiply_add(a, b, sum),
                    });
                }
                sum.expect("an element has coefficients")
            })
            .collect()
    }
}
