//! Tables of byte look-ups: lanes that move to the front, and triples of planes.

/// Outside of a register, as a byte and as the number of a 16-bit lane.
const OUTSIDE: u8 = 127;

/// For each mask of eight lanes the numbers of those that are set, then [`OUTSIDE`].
pub static BYTES: [[u8; 8]; 256] = packed();
/// For each mask of four lanes the bytes of those that are set, then [`OUTSIDE`].
pub static FOUR: [[u8; 16]; 16] = bytes_of_lanes(4);
/// For each mask of two lanes the bytes of those that are set, then [`OUTSIDE`].
pub static TWO: [[u8; 16]; 4] = bytes_of_lanes(8);

const fn packed() -> [[u8; 8]; 256] {
    let mut table = [[OUTSIDE; 8]; 256];
    let mut mask = 0;
    while mask < 256 {
        let (mut lane, mut n) = (0, 0);
        while lane < 8 {
            if mask >> lane & 1 != 0 {
                table[mask][n] = lane;
                n += 1;
            }
            lane += 1;
        }
        mask += 1;
    }
    table
}

const fn bytes_of_lanes<const MASKS: usize>(size: usize) -> [[u8; 16]; MASKS] {
    let lanes = packed();
    let mut table = [[OUTSIDE; 16]; MASKS];
    let mut mask = 0;
    while mask < MASKS {
        let mut i = 0;
        while i < mask.count_ones() as usize * size {
            table[mask][i] = (lanes[mask][i / size] as usize * size + i % size) as u8;
            i += 1;
        }
        mask += 1;
    }
    table
}

/// Where in three planes of 16 bytes each byte of their interleaved lanes of `size` bytes comes from.
pub const fn interleaving(size: usize) -> [[u8; 16]; 3] {
    let mut places = [[0; 16]; 3];
    let mut i = 0;
    while i < 48 {
        let (lane, byte) = (i / size, i % size);
        places[i / 16][i % 16] = (lane % 3 * 16 + lane / 3 * size + byte) as u8;
        i += 1;
    }
    places
}

/// The inverse of [`interleaving`].
pub const fn deinterleaving(size: usize) -> [[u8; 16]; 3] {
    let places = interleaving(size);
    let mut inverse = [[0; 16]; 3];
    let mut i = 0;
    while i < 48 {
        let place = places[i / 16][i % 16] as usize;
        inverse[place / 16][place % 16] = i as u8;
        i += 1;
    }
    inverse
}
