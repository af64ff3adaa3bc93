// Parts of the product alone, on made data of a given size, for `Benchmarks/run`: each verb prints
// one JSON object with its seconds. No part of the product itself.

import Analysis
import Foundation
import Runner
import Store
import SystemPackage
import TensorMath

/// What can be wrong with the arguments.
struct UsageError: Error, CustomStringConvertible {
    let description: String
}

@main
enum Measurement {
    static func main() throws {
        LibraryEnvironment.prepare()
        let arguments = CommandLine.arguments.dropFirst()
        guard let verb = arguments.first else { throw UsageError(description: usage) }
        let rest = Array(arguments.dropFirst())
        let result: [String: Double]
        switch (verb, rest.count) {
        case ("npib", 3):
            result = try npib(
                layers: try number(rest[0]), samples: try number(rest[1]), folder: rest[2])
        case ("embedding", 2):
            result = try embedding(samples: try number(rest[0]), width: try number(rest[1]))
        case ("store", 2...):
            result = try store(FilePath(rest[0]), files: Array(rest[1...]))
        default: throw UsageError(description: usage)
        }
        let data = try JSONSerialization.data(
            withJSONObject: result, options: [.sortedKeys, .prettyPrinted])
        FileHandle.standardOutput.write(data + Data("\n".utf8))
    }

    private static let usage = """
        usage: layerfold-benchmark npib LAYERS SAMPLES FOLDER | embedding SAMPLES WIDTH |
               store STATE FILE...
        """

    private static func number(_ text: String) throws -> Int {
        guard let number = Int(text), (1...1_000_000).contains(number) else {
            throw UsageError(description: "\(text): expected a whole number above 0\n\(usage)")
        }
        return number
    }

    private static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try body()
        return (ContinuousClock.now - start) / .seconds(1)
    }

    /// Normal numbers, reproducible.
    private static func normals(_ count: Int, seed: UInt32) -> [Double] {
        var generator = MersenneTwister(seed: seed)
        return (0..<count).map { _ in generator.normal() }
    }

    // MARK: Similarity

    /// The similarity stage of both readings, on embeddings in two dimensions that drift from
    /// layer to layer. Coordinates and matrices go to FOLDER as f64, for others to compare with.
    private static func npib(
        layers: Int, samples: Int, folder: String
    ) throws -> [String: Double] {
        var coordinates: [DoubleMatrix] = []
        var values = normals(2 * samples, seed: 1)
        for layer in 0..<layers {
            let drift = normals(2 * samples, seed: UInt32(layer + 2))
            values = zip(values, drift).map { 0.9 * $0 + 0.3 * $1 }
            coordinates.append(DoubleMatrix(rows: samples, columns: 2, values: values))
        }
        let ranks = coordinates.map(ranked)
        let parameters = SimilarityParameters()
        var paper: SimilarityMatrix?
        var official: SimilarityMatrix?
        let paperSeconds = try seconds {
            paper = try PaperNPIB.similarity(ofCoordinates: coordinates, parameters: parameters)
        }
        let officialSeconds = try seconds {
            official = try OfficialNPIB.similarity(ofRanks: ranks, parameters: parameters)
        }
        for (name, values) in [
            ("coordinates", coordinates.flatMap(\.values)), ("paper", paper?.values ?? []),
            ("official", official?.values ?? []), ("ranks", ranks.flatMap(\.values)),
        ] {
            let bytes = values.flatMap { value in
                (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
            }
            try Data(bytes).write(to: URL(filePath: "\(folder)/\(name).f64"))
        }
        return [
            "paper_seconds": paperSeconds, "official_seconds": officialSeconds,
            "neighbours": Double(parameters.neighbours),
            "entropy_neighbours": Double(parameters.entropyNeighbours),
            "seed": Double(parameters.seed),
        ]
    }

    /// Ranks by column, over the number of rows.
    private static func ranked(_ matrix: DoubleMatrix) -> DoubleMatrix {
        var result = matrix
        for column in 0..<matrix.columns {
            let values = matrix.column(column)
            for (rank, row) in values.indices.sorted(by: { values[$0] < values[$1] }).enumerated() {
                result[row, column] = Double(rank) / Double(matrix.rows)
            }
        }
        return result
    }

    // MARK: Manifold

    /// The diffusion kernel and the embedding of one layer, both readings.
    private static func embedding(samples: Int, width: Int) throws -> [String: Double] {
        let values = normals(samples * width, seed: 3).map { Float(0.02 * $0) }
        let rows = LayerRows(count: samples, width: width, values: values)
        var result: [String: Double] = [:]
        result["paper_seconds"] = try seconds {
            _ = try PaperEmbedding(rows: rows, width: .fixed(8), dimensions: 2, boundary: 1)
        }
        result["kernel_seconds"] = try seconds {
            _ = try PaperKernel(rows: rows, width: .fixed(8), boundary: 1)
        }
        result["official_seconds"] = try seconds {
            _ = try OfficialEmbedding(rows: rows, dimensions: 2, boundary: 1)
        }
        return result
    }

    // MARK: Store

    /// Puts each file's bytes as floats and gets them back, verified.
    private static func store(_ state: FilePath, files: [String]) throws -> [String: Double] {
        let store = try ContentStore(state: state)
        let contents = try files.map { [UInt8](try Data(contentsOf: URL(filePath: $0))) }
        var digests: [Digest] = []
        let put = try seconds {
            for bytes in contents { digests.append(try store.put(bytes, elementBytes: 4).digest) }
        }
        var got = 0
        let get = try seconds {
            for digest in digests { got += try store.bytes(of: digest).value?.count ?? 0 }
        }
        let hash = seconds { for bytes in contents { _ = Digest(of: bytes) } }
        return [
            "bytes": Double(contents.reduce(0) { $0 + $1.count }), "bytes_got": Double(got),
            "put_seconds": put, "get_seconds": get, "hash_seconds": hash,
        ]
    }
}
