// The types of weights that an export is asked for by.

/// How weights are written; vectors, norms and routers stay in float32.
package enum ExportType: String, Sendable, CaseIterable {
    case bf16, f16
    case q8 = "q8_0"
    case q4 = "q4_0"

    var tensor: TensorType {
        switch self {
        case .bf16: .bf16
        case .f16: .f16
        case .q8: .q8
        case .q4: .q4
        }
    }

    /// Value of `general.file_type`. Source: `gguf`, constants.py (LlamaFileType).
    var fileType: UInt32 {
        switch self {
        case .f16: 1
        case .q4: 2
        case .q8: 7
        case .bf16: 32
        }
    }
}
