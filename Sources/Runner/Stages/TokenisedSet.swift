// A calibration set as token ids, and how it lies in the store.

import Checkpoint
import DurableIO
import Model
import Store
import TensorMath

struct TokenisedSet {
    let batch: PackedSequences
    let digest: Digest
    /// For messages, as the manifest names it.
    let title: String
    /// What a reader should know of it.
    var warnings: [String] = []
}

extension TokenisedSet {
    /// A part of a mixture.
    struct Part {
        let set: TokenisedSet
        /// Of the tokens.
        let share: Double
    }

    /// Samples of several sets, so many of each that their tokens have the shares asked for.
    ///
    /// - Parameters:
    ///   - tokens: of all together; nil: as many as there are for these shares.
    ///   - tokensMax: samples are cut to this length.
    init(
        mixing parts: [Part], tokens: Int?, tokensMax: Int, seed: UInt64, title: String
    ) {
        let sets = parts.map { part in
            part.set.batch.ranges.map { Array(part.set.batch.tokens[$0].prefix(tokensMax)) }
        }
        let counts = sets.map { $0.reduce(0) { $0 + $1.count } }
        let supplies = parts.indices.map { Double(counts[$0]) / parts[$0].share }
        let possible = supplies.min() ?? 0
        let total = tokens.map { min(Double($0), possible) } ?? possible
        var generator = SeededGenerator(seed: seed)
        let sequences = zip(sets, parts).flatMap { set, part in
            Self.draw(set, tokens: Int((total * part.share).rounded()), &generator)
        }
        batch = PackedSequences(sequences)
        digest = Digest(of: TokenArchive.bytes(sequences))
        self.title = title
        warnings = parts.flatMap(\.set.warnings)
        guard let tokens, possible < Double(tokens) - 0.5 else { return }
        let scarcest = supplies.firstIndex(of: possible) ?? 0
        warnings.append(
            "\(title): \(Int(total)) tokens instead of \(tokens): "
                + "`\(parts[scarcest].set.title)` has \(counts[scarcest]); take more `samples` of "
                + "it, or a smaller share")
    }

    /// Whole samples, in their order, until there are so many tokens; the last one is cut.
    private static func draw(
        _ set: [[Int32]], tokens: Int, _ generator: inout SeededGenerator
    ) -> [[Int32]] {
        var order = Array(set.indices)
        for place in order.indices.dropLast() {
            order.swapAt(place, place + generator.index(below: order.count - place))
        }
        var left = tokens
        var drawn: [(index: Int, tokens: [Int32])] = []
        for index in order where left > 0 {
            let taken = Array(set[index].prefix(left))
            drawn.append((index, taken))
            left -= taken.count
        }
        return drawn.sorted { $0.index < $1.index }.map(\.tokens)
    }
}

/// Sequences of token ids as a safetensors file: `lengths` and `tokens`.
enum TokenArchive {
    static func bytes(_ sequences: [[Int32]]) -> [UInt8] {
        var archive = TensorArchive()
        archive.add(
            "lengths", shape: [sequences.count], integers: sequences.map { Int32($0.count) })
        let tokens = sequences.flatMap { $0 }
        archive.add("tokens", shape: [tokens.count], integers: tokens)
        return archive.bytes
    }

    /// Nil where the archive is none of these.
    static func sequences(_ archive: TensorArchive) -> [[Int32]]? {
        guard let lengths = archive.integers("lengths"), let tokens = archive.integers("tokens"),
            lengths.allSatisfy({ $0 >= 0 }), lengths.reduce(0, { $0 + Int($1) }) == tokens.count
        else { return nil }
        var start = 0
        return lengths.map { length in
            defer { start += Int(length) }
            return Array(tokens[start..<start + Int(length)])
        }
    }
}

extension StageResult {
    func sequences(_ role: String) throws -> [[Int32]] {
        guard let sequences = TokenArchive.sequences(try archive(role)) else { throw lost(role) }
        return sequences
    }
}

extension ContentStore {
    /// Streams that are too large for memory lie beside the store's unfinished files.
    var streamSpace: StreamSpace {
        // Files of a file system in memory are memory.
        DiskSpace.isMemory(at: layout.temporary)
            ? .memory : StreamSpace(folder: layout.temporary)
    }
}
