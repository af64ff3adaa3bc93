// What can be wrong with a GGUF file, one case for each way, with what to do about it.

package import Failures
import JSON

package enum GGUFFault: ClassifiedFailure, Equatable, CustomStringConvertible {
    case notGGUF(found: [UInt8])
    case version(UInt32)
    case cutOff(what: String, offset: Int)
    case tooMany(what: String, count: UInt64, limit: Int)
    case text(what: String, offset: Int)
    case valueType(key: String, type: UInt32)
    case nested(key: String)
    case repeated(what: String, name: String)
    case alignment(String)
    case tensor(String, GGUFTensorFault)
    case trailingBytes(offset: Int, count: Int)
    case split(count: Int)
    /// A key of the metadata; what was found is nothing where it is absent.
    case key(String, expected: String, found: String)
    case architecture(String, known: [String])
    case rotation(String)

    package var failureClass: FailureClass { .user }

    package var description: String {
        switch self {
        case .notGGUF(let found):
            "expected the four letters GGUF at its start, found "
                + (found.isEmpty ? "nothing" : "\(found)") + "; \(Self.again)"
        case .version(let version):
            version & 0xFFFF == 0
                ? "byte 4: it is big-endian, and this build reads little-endian files: convert it "
                    + "with gguf_convert_endian.py of llama.cpp"
                : "byte 4: version \(version), expected 2 or 3: convert the model again with a "
                    + "llama.cpp of today"
        case .cutOff(let what, let offset):
            "byte \(offset): \(what) reaches beyond the end of the file; \(Self.again)"
        case .tooMany(let what, let count, let limit):
            "\(count) \(what), more than the limit of \(limit); \(Self.again)"
        case .text(let what, let offset):
            "byte \(offset): \(what) is no UTF-8; \(Self.again)"
        case .valueType(let key, let type):
            "key \(quoted(key)): a value of type \(type), expected 0 to 12; \(Self.again)"
        case .nested(let key):
            "key \(quoted(key)): a list of lists, which no model needs; \(Self.again)"
        case .repeated(let what, let name):
            "\(what) \(quoted(name)) appears twice; convert the model again"
        case .alignment(let found):
            "key `general.alignment`: expected a multiple of 8 up to 65,536, found \(found); "
                + Self.again
        case .tensor(let name, let fault): "tensor \(quoted(name)): \(fault)"
        case .trailingBytes(let offset, let count):
            "byte \(offset): \(count) bytes behind the last tensor; \(Self.again)"
        case .split(let count):
            "it is one of \(count) parts of a model: join them with `llama-gguf-split --merge` of "
                + "llama.cpp and give the whole file"
        case .key(let key, let expected, let found):
            "key \(quoted(key)): expected \(expected), found \(found); use the safetensors "
                + "checkpoint that the file was made from"
        case .architecture(let name, let known):
            "key `general.architecture`: \(quoted(name)) is not read from GGUF; known are "
                + known.joined(separator: ", ") + ". Use the safetensors checkpoint that the file "
                + "was made from"
        case .rotation(let reason):
            "\(reason): no `rope_scaling` of config.json says that; use the safetensors "
                + "checkpoint that the file was made from"
        }
    }

    static let again = "copy or download the file again"
}

package enum GGUFTensorFault: ClassifiedFailure, Equatable, CustomStringConvertible {
    case rank(UInt32)
    case shape([UInt64])
    case type(String)
    case rows(type: String, width: Int, block: Int)
    case offset(UInt64, alignment: Int)
    case cutOff(end: Int, available: Int)
    case overlap(previous: String, expected: Int, found: Int)

    package var failureClass: FailureClass { .user }

    package var description: String {
        switch self {
        case .rank(let rank):
            "\(rank) dimensions, expected 1 to 4; \(GGUFFault.again)"
        case .shape(let shape):
            "the size of \(shape) is none, or overflows; \(GGUFFault.again)"
        case .type(let name):
            "its type is \(name), which this build does not read; it reads "
                + GGUFType.readable.joined(separator: ", ")
                + ". Use a file of one of those, or the safetensors checkpoint"
        case .rows(let type, let width, let block):
            "rows of \(width) numbers in \(type), whose blocks have \(block); "
                + GGUFFault.again
        case .offset(let offset, let alignment):
            "begins at \(offset), expected a multiple of \(alignment); \(GGUFFault.again)"
        case .cutOff(let end, let available):
            "ends at \(end), but the file holds \(available) bytes of data; it is cut off, copy or "
                + "download it again"
        case .overlap(let previous, let expected, let found):
            "begins at \(found), inside \(quoted(previous)), which ends at \(expected); "
                + GGUFFault.again
        }
    }
}
