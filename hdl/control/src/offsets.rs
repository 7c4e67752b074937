//! Register offsets of the contract as constants of a rust-hdl block, so that decoders compare with the tables of
//! `karat-abi` and nothing else.

/// Declares a block of `Constant`s, one a register, that holds word offsets of `$width` bits. Every register of the table
/// must be named: a register that is added to the contract does not compile until its decoder knows it.
macro_rules! offsets {
    ($(#[$doc:meta])* $name:ident: $block:ident, $width:literal bits { $($field:ident = $register:ident,)* }) => {
        $(#[$doc])*
        pub(crate) struct $name {
            $(pub(crate) $field: Constant<Bits<$width>>,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($field: Constant::new(Bits::from(
                        u64::from(karat_abi::registers::$block::$register / 4),
                    )),)*
                }
            }
        }

        impl Logic for $name {
            fn update(&mut self) {}
        }

        impl Block for $name {
            fn connect_all(&mut self) {}
            fn update_all(&mut self) {}
            fn has_changed(&self) -> bool {
                false
            }
            fn accept(&self, name: &str, probe: &mut dyn Probe) {
                probe.visit_start_namespace(name, self);
                $(self.$field.accept(stringify!($field), probe);)*
                probe.visit_end_namespace(name, self);
            }
        }

        const _: () = assert!(
            [$(stringify!($field)),*].len() == karat_abi::registers::$block::TABLE.len(),
            "a register of the contract is missing here"
        );
    };
}

pub(crate) use offsets;
