//! Products in the challenge field.

use p3_field::{ExtensionField, PrimeCharacteristicRing, PrimeField64};

use crate::config::Val;
use crate::program::kernel::{Kernel, ZERO};
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

    /// What the forms are sums of: the terms that differ, a coefficient and what it is multiplied by, in the order of coefficients.
    pub fn terms(&self) -> Vec<(usize, Val)> {
        let mut terms: Vec<(usize, Val)> = Vec::new();
        for i in 0..self.at.len() {
            for factor in self.forms.iter().map(|form| form[i]).filter(|&factor| factor != Val::ZERO) {
                if !terms.contains(&(i, factor)) {
                    terms.push((i, factor));
                }
            }
        }
        terms
    }

    /// The terms' values for an element that is known.
    pub fn term_values<E: ExtensionField<Val>>(&self, b: E) -> Vec<Val> {
        let b = b.as_basis_coefficients_slice();
        self.terms().into_iter().map(|(i, factor)| factor * b[i]).collect()
    }

    /// The forms' values by those of the terms.
    pub fn sums(&self, kernel: &mut Kernel, values: &[Source]) -> Vec<Source> {
        let terms = self.terms();
        let sum = |form: &Vec<Val>| {
            let own = terms.iter().zip(values).filter(|&(&(i, factor), _)| form[i] == factor).map(|(_, &value)| value);
            own.reduce(|x, y| kernel.add(x, y)).expect("no field multiplies by zero")
        };
        self.forms.iter().map(sum).collect()
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
        let word = |k| self.word(kernel, a, b, c, k).expect("an element has coefficients");
        (0..self.at.len()).map(word).collect()
    }

    /// Word k of that, of the first coefficients of `a` only if those are all that is given.
    fn word(&self, kernel: &mut Kernel, a: &[Source], b: &[Source], c: Option<&[Source]>, k: usize) -> Option<Source> {
        a.iter().zip(&self.at).fold(c.map(|c| c[k]), |sum, (&a, forms)| {
            let b = b[forms[k]];
            Some(match sum {
                None => kernel.multiply(a, b),
                Some(sum) => kernel.multiply_add(a, b, sum),
            })
        })
    }

    /// Puts `a * b + c` out as a row of `words` words. The sum unit adds the last products, which reads no constant for it.
    pub fn output(&self, kernel: &mut Kernel, a: &[Source], b: &[Source], c: Option<&[Source]>, words: usize) {
        let (&last, others) = a.split_last().expect("an element has coefficients");
        let row: Vec<[Source; 2]> = (0..self.at.len())
            .map(|k| {
                let sum = self.word(kernel, others, b, c, k).unwrap_or(ZERO);
                [sum, kernel.multiply(last, b[self.at[others.len()][k]])]
            })
            .collect();
        row.iter().for_each(|&[x, y]| kernel.output_sum(x, y));
        kernel.output_row(&[], words - row.len());
    }
}
