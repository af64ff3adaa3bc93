// Which codes a checkpoint stores in the place of weights, by `quantization_config` of config.json.

package import JSON

/// A way to store weights as codes that this build reads.
package enum QuantizedFormat: Sendable, Equatable, CustomStringConvertible {
    case compressedTensors(QuantizationConfig)
    /// FP8 (E4M3) with a scale for each block of a matrix (DeepSeek).
    case fp8Blocks(Block)
    /// E2M1 with a power of two for each 32 numbers (gpt-oss).
    case mxfp4

    /// Rows and columns that share a scale.
    package struct Block: Sendable, Equatable, CustomStringConvertible {
        package let rows: Int
        package let columns: Int

        package init(rows: Int, columns: Int) {
            precondition(rows > 0 && columns > 0, "a block has numbers")
            self.rows = rows
            self.columns = columns
        }

        package var description: String { "\(rows) x \(columns)" }

        /// Blocks along a side; the last may be smaller.
        package func count(_ side: Int, _ block: Int) -> Int { (side + block - 1) / block }
    }

    package var description: String {
        switch self {
        case .compressedTensors(let config): "\(config.scheme)"
        case .fp8Blocks(let block): "FP8, blocks of \(block)"
        case .mxfp4: "MXFP4"
        }
    }

    /// - Parameter value: of `quantization_config`.
    /// - Throws: for every other kind, by its name.
    package init(parsing value: JSONValue) throws(UnreadQuantization) {
        switch value["quant_method"]?.string {
        case "fp8": self = .fp8Blocks(try Self.block(value))
        case "mxfp4": self = .mxfp4
        // Names what it is given.
        default: self = .compressedTensors(try QuantizationConfig(parsing: value))
        }
    }

    private static func block(_ value: JSONValue) throws(UnreadQuantization) -> Block {
        func refused(_ detail: String) -> UnreadQuantization {
            UnreadQuantization(format: "fp8", detail: detail)
        }
        for (key, known) in [
            ("activation_scheme", ["dynamic"]), ("fmt", ["e4m3"]), ("expert_dtype", ["fp8"]),
            ("scale_fmt", ["float", "ue8m0"]),
        ] {
            let found = value[key] ?? .null
            guard found == .null || known.contains(where: { found == .string($0) }) else {
                throw refused("`\(key)` is \(found.shown)")
            }
        }
        guard let sides = value["weight_block_size"] else {
            // The default of transformers.
            return Block(rows: 128, columns: 128)
        }
        guard let sides = sides.elements({ $0.integer }), sides.count == 2,
            sides.allSatisfy({ (1...1 << 20).contains($0) })
        else { throw refused("`weight_block_size` is no pair of sides") }
        return Block(rows: sides[0], columns: sides[1])
    }
}
