//! One pass over the header of a safetensors file, with everything that is checked on the way.

use super::header::{DECODED, Entry, Index, MAX_RANK, MAX_TENSORS, Text, number, text_in};
use super::{Dtype, ModelError};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// One pass: it counts, and it stores if it was given room.
pub(super) struct Pass<'h> {
    header: &'h [u8],
    /// Tensors so far.
    pub tensors: usize,
    /// Bytes of decoded names, shapes and metadata so far.
    pub stored: usize,
    pub index: Option<Index>,
    /// What is wrong, if JSON cannot say it.
    error: Option<ModelError>,
}

impl<'h> Pass<'h> {
    pub fn run(header: &'h [u8], room: Option<Index>) -> Result<Self, ModelError> {
        let mut pass = Pass { header, tensors: 0, stored: 0, index: room, error: None };
        let mut json = serde_json::Deserializer::from_slice(header);
        let result = Top(&mut pass).deserialize(&mut json).and_then(|()| json.end());
        match (pass.error.take(), result) {
            (Some(error), _) => Err(error),
            (None, Err(source)) => Err(ModelError::Syntax { source }),
            (None, Ok(())) => Ok(pass),
        }
    }

    /// Ends the pass.
    fn fail<E: serde::de::Error>(&mut self, error: ModelError) -> E {
        self.error = Some(error);
        E::custom("refused")
    }

    fn push(&mut self, bytes: impl IntoIterator<Item = u8>) {
        for byte in bytes {
            self.stored += 1;
            if let Some(index) = &mut self.index {
                index.bytes.push(byte);
            }
        }
    }

    /// A name for a message; empty if it had to be decoded and is only counted.
    fn str_of(&self, text: Text) -> String {
        let decoded = self.index.as_ref().map_or(&[][..], |index| &index.bytes);
        text_in(decoded, self.header, text).into()
    }

    /// Checks one tensor by itself, and stores it.
    fn entry<E: serde::de::Error>(
        &mut self,
        name: Text,
        dtype: Dtype,
        shape: &ShapeAt,
        begin: u64,
        end: u64,
    ) -> Result<(), E> {
        let bits = shape.elements.checked_mul(u64::from(dtype.bits()));
        let Some(size) = bits.filter(|bits| bits % 8 == 0).map(|bits| bits / 8) else {
            let name = self.str_of(name);
            return Err(self.fail(ModelError::BadShape { name, max: MAX_RANK }));
        };
        if begin.checked_add(size) != Some(end) {
            let (name, expected_end) = (self.str_of(name), begin.saturating_add(size));
            return Err(self.fail(ModelError::Offsets { name, begin, end, expected_begin: begin, expected_end }));
        }
        self.tensors += 1;
        if let Some(index) = &mut self.index {
            let (shape_at, rank) = (shape.at, shape.rank);
            index.entries.push(Entry { name, shape_at, rank, dtype, begin, end });
        }
        Ok(())
    }
}

/// How each part asks for its kind of JSON.
macro_rules! seeds {
    ($($name:ident $method:ident $value:ty;)*) => {$(
        impl<'h> DeserializeSeed<'h> for $name<'_, 'h> {
            type Value = $value;

            fn deserialize<D: Deserializer<'h>>(self, json: D) -> Result<$value, D::Error> {
                json.$method(self)
            }
        }
    )*};
}
seeds! {
    Top deserialize_map ();
    Key deserialize_str Found;
    Pairs deserialize_map ();
    Stored deserialize_str ();
    Tensor deserialize_map ();
    DtypeOf deserialize_str Dtype;
    Shape deserialize_seq ShapeAt;
}

/// The whole header: a map of names.
struct Top<'p, 'h>(&'p mut Pass<'h>);

impl<'h> Visitor<'h> for Top<'_, 'h> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from names to tensors")
    }

    fn visit_map<A: MapAccess<'h>>(self, mut map: A) -> Result<(), A::Error> {
        let pass = self.0;
        let mut metadata = false;
        while let Some(key) = map.next_key_seed(Key(&mut *pass))? {
            match key {
                Found::Metadata if metadata => {
                    return Err(pass.fail(ModelError::DuplicateName { name: METADATA.into() }));
                }
                Found::Metadata => {
                    metadata = true;
                    let start = pass.stored;
                    map.next_value_seed(Pairs(&mut *pass))?;
                    let metadata = start..pass.stored;
                    if let Some(index) = &mut pass.index {
                        index.metadata = metadata;
                    }
                }
                Found::Tensor(name) => {
                    if pass.tensors == MAX_TENSORS {
                        return Err(pass.fail(ModelError::TooManyTensors { max: MAX_TENSORS }));
                    }
                    map.next_value_seed(Tensor { pass: &mut *pass, name })?;
                }
            }
        }
        Ok(())
    }
}

const METADATA: &str = "__metadata__";

enum Found {
    Metadata,
    Tensor(Text),
}

/// A name.
struct Key<'p, 'h>(&'p mut Pass<'h>);

impl<'h> Visitor<'h> for Key<'_, 'h> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, name: &'h str) -> Result<Found, E> {
        if name == METADATA {
            return Ok(Found::Metadata);
        }
        let at = name.as_ptr().addr() - self.0.header.as_ptr().addr();
        Ok(Found::Tensor(Text { at: at as u32, len: name.len() as u32 }))
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Found, E> {
        if name == METADATA {
            return Ok(Found::Metadata);
        }
        let at = self.0.stored as u32 | DECODED;
        self.0.push(name.bytes());
        Ok(Found::Tensor(Text { at, len: name.len() as u32 }))
    }
}

/// The metadata: a map from strings to strings.
struct Pairs<'p, 'h>(&'p mut Pass<'h>);

impl<'h> Visitor<'h> for Pairs<'_, 'h> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from strings to strings")
    }

    fn visit_map<A: MapAccess<'h>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(Stored(&mut *self.0))?.is_some() {
            map.next_value_seed(Stored(&mut *self.0))?;
        }
        Ok(())
    }
}

/// A string that is stored with its length.
struct Stored<'p, 'h>(&'p mut Pass<'h>);

impl Visitor<'_> for Stored<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.0.push(number(text.len() as u64).chain(text.bytes()));
        Ok(())
    }
}

/// One tensor: a map of its three fields.
struct Tensor<'p, 'h> {
    pass: &'p mut Pass<'h>,
    name: Text,
}

enum Field {
    Dtype,
    Shape,
    DataOffsets,
    /// The format may get more.
    Other,
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_identifier(FieldName)
    }
}

struct FieldName;

impl Visitor<'_> for FieldName {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Field, E> {
        Ok(match name {
            "dtype" => Field::Dtype,
            "shape" => Field::Shape,
            "data_offsets" => Field::DataOffsets,
            _ => Field::Other,
        })
    }
}

impl<'h> Visitor<'h> for Tensor<'_, 'h> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with dtype, shape and data_offsets")
    }

    fn visit_map<A: MapAccess<'h>>(self, mut map: A) -> Result<(), A::Error> {
        let Tensor { pass, name } = self;
        let (mut dtype, mut shape, mut offsets) = (None, None, None);
        while let Some(field) = map.next_key()? {
            let twice = match field {
                Field::Dtype => {
                    dtype.replace(map.next_value_seed(DtypeOf { pass: &mut *pass, name })?).map(|_| "dtype")
                }
                Field::Shape => shape.replace(map.next_value_seed(Shape { pass: &mut *pass, name })?).map(|_| "shape"),
                Field::DataOffsets => offsets.replace(map.next_value::<[u64; 2]>()?).map(|_| "data_offsets"),
                Field::Other => {
                    map.next_value::<IgnoredAny>()?;
                    None
                }
            };
            if let Some(field) = twice {
                let name = pass.str_of(name);
                return Err(pass.fail(ModelError::Field { name, field }));
            }
        }
        let field = match (dtype, &shape, offsets) {
            (Some(dtype), Some(shape), Some([begin, end])) => return pass.entry(name, dtype, shape, begin, end),
            (None, ..) => "dtype",
            (_, None, _) => "shape",
            _ => "data_offsets",
        };
        let name = pass.str_of(name);
        Err(pass.fail(ModelError::Field { name, field }))
    }
}

struct DtypeOf<'p, 'h> {
    pass: &'p mut Pass<'h>,
    name: Text,
}

impl Visitor<'_> for DtypeOf<'_, '_> {
    type Value = Dtype;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an element")
    }

    fn visit_str<E: serde::de::Error>(self, dtype: &str) -> Result<Dtype, E> {
        Dtype::from_name(dtype).ok_or_else(|| {
            let name = self.pass.str_of(self.name);
            self.pass.fail(ModelError::UnknownDtype { name, dtype: dtype.into() })
        })
    }
}

/// A shape that was stored, and the product of its dimensions.
struct ShapeAt {
    at: u32,
    rank: u8,
    elements: u64,
}

struct Shape<'p, 'h> {
    pass: &'p mut Pass<'h>,
    name: Text,
}

impl<'h> Visitor<'h> for Shape<'_, 'h> {
    type Value = ShapeAt;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of dimensions")
    }

    fn visit_seq<A: SeqAccess<'h>>(self, mut seq: A) -> Result<ShapeAt, A::Error> {
        let Shape { pass, name } = self;
        let mut shape = ShapeAt { at: pass.stored as u32, rank: 0, elements: 1 };
        while let Some(n) = seq.next_element::<u64>()? {
            let product = shape.elements.checked_mul(n).filter(|_| usize::try_from(n).is_ok());
            let (Some(rank), Some(elements)) = (shape.rank.checked_add(1), product) else {
                let name = pass.str_of(name);
                return Err(pass.fail(ModelError::BadShape { name, max: MAX_RANK }));
            };
            shape = ShapeAt { rank, elements, ..shape };
            pass.push(number(n));
        }
        Ok(shape)
    }
}
