// Small damage to a text: what a parser meets in files that were cut, edited or made to harm.

import TensorMath

/// Where inputs come from: texts that are good, and words that lead a parser into other branches.
struct Corpus: Sendable {
    let seeds: [[UInt8]]
    let words: [[UInt8]]

    init(seeds: [[UInt8]], words: [String]) {
        precondition(!seeds.isEmpty && seeds.allSatisfy { !$0.isEmpty }, "something to change")
        self.seeds = seeds
        self.words = words.map { Array($0.utf8) }
    }

    /// The input of this number: the same for the same seed on every machine, so that a number
    /// is all that has to be kept of an input.
    func input(seed: UInt64, number: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed &* 0xD134_2543_DE82_EF95 &+ number)
        var bytes = seeds[random.index(below: seeds.count)]
        for _ in 0..<1 + random.index(below: 4) { change(&bytes, &random) }
        return bytes
    }

    private func change(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        // Half of the places lie near the start, where a file says what it is.
        let nearby = min(bytes.count, 512)
        let place = random.index(below: (random.next() & 1 == 0 ? nearby : bytes.count) + 1)
        let end = place + random.index(below: min(40, bytes.count - place) + 1)
        switch random.index(below: 9) {
        case 0: bytes.removeSubrange(place..<end)
        case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 2: bytes.insert(contentsOf: words[random.index(below: words.count)], at: place)
        case 3: bytes.replaceSubrange(place..<end, with: words[random.index(below: words.count)])
        case 4 where place < bytes.count: bytes[place] ^= 1 << UInt8(random.index(below: 8))
        case 5 where place < bytes.count: bytes[place] = UInt8(random.index(below: 256))
        case 6: bytes.insert(contentsOf: part(of: seeds, &random), at: place)
        case 7: replaceNumber(after: place, in: &bytes, &random)
        case 8 where random.index(below: 8) == 0: bytes.removeLast(bytes.count - place)
        default: break
        }
    }

    /// Some bytes of some seed.
    private func part(of seeds: [[UInt8]], _ random: inout SeededGenerator) -> ArraySlice<UInt8> {
        let other = seeds[random.index(below: seeds.count)]
        let place = random.index(below: other.count)
        return other[place..<min(other.count, place + random.index(below: 64))]
    }

    /// Another number in place of the next one.
    private func replaceNumber(
        after place: Int, in bytes: inout [UInt8], _ random: inout SeededGenerator
    ) {
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
        let number = random.next() >> UInt64(random.index(below: 64))
        bytes.replaceSubrange(start..<end, with: String(number).utf8)
    }
}
