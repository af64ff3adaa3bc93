// The rules of the safetensors format, one case for each way to break them.

/// A violated rule. Offsets of data are relative to the data section, as the header counts them.
package enum SafetensorsFault: Error, Equatable, Sendable {
    // The frame.
    case fileEmpty
    case fileTooShort(byteCount: Int)
    case headerTooLarge(byteCount: UInt64, limit: Int)
    case headerBeyondFile(byteCount: Int, fileByteCount: Int)
    case headerNotObject(firstByte: UInt8?)
    case headerNotJSON(JSONFault)
    case headerPadding(byte: UInt8, offset: Int)
    // Names and keys.
    case metadataNotObject
    case metadataNotString(key: String)
    case metadataKeyRepeated(key: String)
    case tensorsTooMany(limit: Int)
    case tensorRepeated(tensor: String)
    case nameTooLong(offset: Int, limit: Int)
    case entryNotObject(tensor: String)
    case entryKeyMissing(tensor: String, key: String)
    case entryKeyRepeated(tensor: String, key: String)
    case entryValue(tensor: String, key: String, expected: String)
    case entryNotJSON(tensor: String, JSONFault)
    // Types, shapes, numbers.
    case dtypeUnknown(tensor: String, dtype: String)
    case rankTooLarge(tensor: String, limit: Int)
    case numberNegative(tensor: String, key: String, number: String)
    case numberNotInteger(tensor: String, key: String, number: String)
    case numberTooLarge(tensor: String, key: String, number: String)
    case shapeOverflow(tensor: String, dtype: DType, shape: [Int])
    case shapeNotWholeBytes(tensor: String, dtype: DType, shape: [Int])
    // Places in the data section.
    case offsetsReversed(tensor: String, begin: Int, end: Int)
    case sizeMismatch(tensor: String, dtype: DType, shape: [Int], expected: Int, found: Int)
    case hole(tensor: String, expectedBegin: Int, begin: Int)
    case overlap(tensor: String, previous: String, expectedBegin: Int, begin: Int)
    case dataTooShort(tensor: String, end: Int, available: Int)
    case trailingBytes(count: Int)
}

extension SafetensorsFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .fileEmpty:
            return "the file is empty; copy or download it again"
        case .fileTooShort(let byteCount):
            return "\(byteCount) bytes, too short for the 8 bytes of the header length"
        case .headerTooLarge(let byteCount, let limit):
            return "a header of \(byteCount) bytes, more than the limit of \(limit); "
                + "is this a safetensors file?"
        case .headerBeyondFile(let byteCount, let fileByteCount):
            return "a header of \(byteCount) bytes in a file of \(fileByteCount); "
                + "the file is cut off, copy or download it again"
        case .headerNotObject(let byte):
            let found = byte.map { "byte 0x\(String($0, radix: 16))" } ?? "nothing"
            return "the header must begin with \"{\", found \(found)"
        case .headerNotJSON(let fault):
            return "the header is not JSON: \(fault)"
        case .headerPadding(let byte, let offset):
            return "header byte \(offset): after the JSON only spaces may follow, "
                + "found byte 0x\(String(byte, radix: 16))"
        default:
            return namedDescription
        }
    }

    private var namedDescription: String {
        switch self {
        case .metadataNotObject:
            return "`__metadata__` must be an object of strings"
        case .metadataNotString(let key):
            return "`__metadata__`: the value of \(quoted(key)) must be a string"
        case .metadataKeyRepeated(let key):
            return "`__metadata__`: key \(quoted(key)) appears twice"
        case .tensorsTooMany(let limit):
            return "more than \(limit) tensors"
        case .tensorRepeated(let tensor):
            return "tensor \(quoted(tensor)) appears twice in the header"
        case .nameTooLong(let offset, let limit):
            return "header byte \(offset): a tensor name of more than \(limit) bytes"
        case .entryNotObject(let tensor):
            return "tensor \(quoted(tensor)): expected an object with dtype, shape, data_offsets"
        case .entryKeyMissing(let tensor, let key):
            return "tensor \(quoted(tensor)): key \(quoted(key)) is missing"
        case .entryKeyRepeated(let tensor, let key):
            return "tensor \(quoted(tensor)): key \(quoted(key)) appears twice"
        case .entryValue(let tensor, let key, let expected):
            return "tensor \(quoted(tensor)): \(quoted(key)) must be \(expected)"
        case .entryNotJSON(let tensor, let fault):
            return "tensor \(quoted(tensor)): not JSON: \(fault)"
        default:
            return valueDescription
        }
    }

    private var valueDescription: String {
        switch self {
        case .dtypeUnknown(let tensor, let dtype):
            return "tensor \(quoted(tensor)): unknown dtype \(quoted(dtype))"
        case .rankTooLarge(let tensor, let limit):
            return "tensor \(quoted(tensor)): more than \(limit) dimensions"
        case .numberNegative(let tensor, let key, let number):
            return "tensor \(quoted(tensor)): \(quoted(key)) holds the negative number "
                + quoted(number)
        case .numberNotInteger(let tensor, let key, let number):
            return "tensor \(quoted(tensor)): \(quoted(key)) holds \(quoted(number)), "
                + "expected a whole number written without point or exponent"
        case .numberTooLarge(let tensor, let key, let number):
            return "tensor \(quoted(tensor)): \(quoted(key)) holds \(quoted(number)), "
                + "too large for 63 bits"
        case .shapeOverflow(let tensor, let dtype, let shape):
            return "tensor \(quoted(tensor)): the bytes of \(dtype.rawValue) \(shape) "
                + "overflow 63 bits"
        case .shapeNotWholeBytes(let tensor, let dtype, let shape):
            return "tensor \(quoted(tensor)): \(dtype.rawValue) \(shape) is no whole number "
                + "of bytes"
        default:
            return placeDescription
        }
    }

    private var placeDescription: String {
        switch self {
        case .offsetsReversed(let tensor, let begin, let end):
            return "tensor \(quoted(tensor)): `data_offsets` end (\(end)) before they begin "
                + "(\(begin))"
        case .sizeMismatch(let tensor, let dtype, let shape, let expected, let found):
            return "tensor \(quoted(tensor)): \(dtype.rawValue) \(shape) needs \(expected) bytes, "
                + "`data_offsets` span \(found)"
        case .hole(let tensor, let expected, let begin):
            return "tensor \(quoted(tensor)): begins at \(begin), expected \(expected): "
                + "no bytes may lie between tensors"
        case .overlap(let tensor, let previous, let expected, let begin):
            return "tensor \(quoted(tensor)): begins at \(begin), inside \(quoted(previous)) "
                + "that ends at \(expected)"
        case .dataTooShort(let tensor, let end, let available):
            return "tensor \(quoted(tensor)): ends at \(end), but the file holds \(available) "
                + "bytes of data; the file is cut off, copy or download it again"
        case .trailingBytes(let count):
            return "\(count) bytes follow the last tensor"
        default:
            preconditionFailure("every case is described")
        }
    }
}
