//! `kernel!`: a function over the token becomes a plain function that dispatches.

/// Turns functions whose first argument is the token into plain functions that run on the best instruction set.
///
/// ```
/// use omnilane::lanes::{LengthError, Num, Simd, map_in_place};
///
/// omnilane::kernel! {
///     /// Multiplies every element by `factor`.
///     ///
///     /// # Errors
///     /// None; any length will do.
///     pub fn scale<S: Simd, T: Num>(simd: S, data: &mut [T], factor: T) {
///         let factor = simd.splat(factor);
///         map_in_place(simd, data, #[inline(always)] |v| v * factor);
///     }
/// }
///
/// let mut data = [1.0f32, 2.0, 3.0];
/// scale(&mut data, 10.0);
/// assert_eq!(data, [10.0, 20.0, 30.0]);
/// ```
///
/// The generated function has the same name, docs, attributes, visibility, arguments and result, without `S` and `simd`.
/// Generics stand in Rust's order: lifetimes, then `S: Simd`, then the others with plain names as bounds
/// (`T: Num + Default`), then constants (`const C: usize`); anything longer goes to a `where` clause in brackets after the
/// result: `where [T: Num, T::Bits: Default]`. A lifetime that appears in the result, or hides in a type
/// (`ImageView<'_, u8, 4>`), is written out. Several functions may stand in one `kernel!`.
///
/// The body is one function; what it calls on the way to lane operations is `#[inline(always)]`.
#[macro_export]
macro_rules! kernel {
    () => {};
    ($(#[$attr:meta])* $vis:vis fn $name:ident<$($rest:tt)*) => {
        $crate::__kernel!({ $(#[$attr])* $vis fn $name } [] [] [] [] $($rest)*);
    };
}

/// Sorts a function's generics (`[lifetimes] [S] [types] [constants]`), then writes it.
#[doc(hidden)]
#[macro_export]
macro_rules! __kernel {
    // One parameter after the other, up to the closing bracket.
    ($head:tt [$($l:tt)*] [] [] [] $lt:lifetime, $($rest:tt)*) => {
        $crate::__kernel!($head [$($l)* $lt] [] [] [] $($rest)*);
    };
    ($head:tt $l:tt [] [] [] $S:ident: $Simd:ident $($rest:tt)*) => {
        $crate::__kernel!($head $l [$S $Simd] [] [] $($rest)*);
    };
    ($head:tt $l:tt $s:tt $t:tt [$($c:tt)*] , const $N:ident: $nt:ident $($rest:tt)*) => {
        $crate::__kernel!($head $l $s $t [$($c)* ($N $nt)] $($rest)*);
    };
    ($head:tt $l:tt $s:tt [$($t:tt)*] [] , $T:ident: $bound:tt $(+ $more:tt)* , $($rest:tt)*) => {
        $crate::__kernel!($head $l $s [$($t)* ($T $bound $(+ $more)*)] [] , $($rest)*);
    };
    ($head:tt $l:tt $s:tt [$($t:tt)*] [] , $T:ident: $bound:tt $(+ $more:tt)* > $($rest:tt)*) => {
        $crate::__kernel!($head $l $s [$($t)* ($T $bound $(+ $more)*)] [] > $($rest)*);
    };
    ($head:tt $l:tt $s:tt $t:tt $c:tt , > $($rest:tt)*) => {
        $crate::__kernel!($head $l $s $t $c > $($rest)*);
    };
    (
        { $(#[$attr:meta])* $vis:vis fn $name:ident }
        [$($lt:lifetime)*] [$S:ident $Simd:ident] [$(($T:ident $($bound:tt)*))*] [$(($N:ident $nt:ident))*]
        > ($simd:ident: $token:ty $(, $arg:ident: $arg_ty:ty)* $(,)?) $(-> $ret:ty)?
        $(where [$($bounds:tt)*])?
        $body:block
        $($rest:tt)*
    ) => {
        $(#[$attr])*
        $vis fn $name<$($lt,)* $($T: $($bound)*,)* $(const $N: $nt),*>($($arg: $arg_ty),*) $(-> $ret)?
        $(where $($bounds)*)?
        {
            /// The arguments, on their way to the clone.
            struct Arguments<A, $($T,)* $(const $N: $nt),*>(A, ::core::marker::PhantomData<($($T,)*)>);

            impl<$($lt,)* $($T: $($bound)*,)* $(const $N: $nt),*> $crate::Kernel
                for Arguments<($($arg_ty,)*), $($T,)* $($N),*>
            $(where $($bounds)*)?
            {
                type Output = $crate::__kernel!(@result $($ret)?);

                #[inline(always)]
                fn run<$S: $Simd>(self, $simd: $token) -> Self::Output {
                    let ($($arg,)*) = self.0;
                    $body
                }
            }

            $crate::dispatch(Arguments::<_, $($T,)* $($N),*>(($($arg,)*), ::core::marker::PhantomData))
        }
        $crate::kernel!($($rest)*);
    };
    (@result) => { () };
    (@result $ret:ty) => { $ret };
}
