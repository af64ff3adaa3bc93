// The rules of the safetensors format, one case for each way to break them.

package import Failures
package import JSON

/// A violated rule of the file as a whole, or of one tensor.
package enum SafetensorsFault: ClassifiedFailure, Equatable, Sendable {
    case fileEmpty
    case fileTooShort(byteCount: Int)
    case headerTooLarge(byteCount: UInt64, limit: Int)
    case headerBeyondFile(byteCount: Int, fileByteCount: Int)
    case headerNotObject(firstByte: UInt8?)
    case headerNotJSON(JSONFault)
    case headerPadding(byte: UInt8, offset: Int)
    case metadataNotObject
    case metadataNotString(key: String)
    case metadataKeyRepeated(key: String)
    case tensorsTooMany(limit: Int)
    case nameTooLong(offset: Int, limit: Int)
    case trailingBytes(count: Int)
    case tensor(String, TensorFault)

    package var failureClass: FailureClass { .user }
}

/// A violated rule of one tensor's entry. Offsets are relative to the data section, as the header
/// counts them.
package enum TensorFault: ClassifiedFailure, Equatable, Sendable {
    // The entry as JSON.
    case repeated
    case notAnObject
    case keyMissing(String)
    case keyRepeated(String)
    case value(key: String, expected: String)
    case notJSON(JSONFault)
    // Type, shape, numbers.
    case dtypeUnknown(String)
    case rankTooLarge(limit: Int)
    case numberNegative(key: String, number: String)
    case numberNotInteger(key: String, number: String)
    case numberTooLarge(key: String, number: String)
    case shapeOverflow(DType, shape: [Int])
    case shapeNotWholeBytes(DType, shape: [Int])
    // Place in the data section.
    case offsetsReversed(begin: Int, end: Int)
    case sizeMismatch(DType, shape: [Int], expected: Int, found: Int)
    case hole(expectedBegin: Int, begin: Int)
    case overlap(previous: String, expectedBegin: Int, begin: Int)
    case dataTooShort(end: Int, available: Int)

    package var failureClass: FailureClass { .user }
}

extension SafetensorsFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .fileEmpty:
            "the file is empty; copy or download it again"
        case .fileTooShort(let byteCount):
            "\(byteCount) bytes, too short for the 8 bytes of the header length; "
                + "copy or download it again"
        case .headerTooLarge(let byteCount, let limit):
            "a header of \(byteCount) bytes, more than the limit of \(limit); "
                + "is this a safetensors file?"
        case .headerBeyondFile(let byteCount, let fileByteCount):
            "a header of \(byteCount) bytes in a file of \(fileByteCount); "
                + "the file is cut off, copy or download it again"
        case .headerNotObject(let byte):
            "the header must begin with `{`, found "
                + (byte.map(JSONFault.spelled) ?? "nothing")
        case .headerNotJSON(let fault):
            "header byte \(fault.offset): \(fault)"
        case .headerPadding(let byte, let offset):
            "header byte \(offset): only spaces may follow the JSON, found "
                + JSONFault.spelled(byte)
        case .metadataNotObject:
            "`__metadata__`: expected an object of strings"
        case .metadataNotString(let key):
            "`__metadata__`: the value of \(quoted(key)) must be a string"
        case .metadataKeyRepeated(let key):
            "`__metadata__`: key \(quoted(key)) appears twice"
        case .tensorsTooMany(let limit):
            "more than \(limit) tensors"
        case .nameTooLong(let offset, let limit):
            "header byte \(offset): a tensor name of more than \(limit) bytes"
        case .trailingBytes(let count):
            "\(count) bytes follow the last tensor; expected the end of the file there"
        case .tensor(let name, let fault):
            "tensor \(quoted(name)): \(fault)"
        }
    }
}

extension TensorFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .repeated:
            "it appears twice in the header"
        case .notAnObject:
            "expected an object with `dtype`, `shape` and `data_offsets`"
        case .keyMissing(let key):
            "key \(quoted(key)) is missing"
        case .keyRepeated(let key):
            "key \(quoted(key)) appears twice"
        case .value(let key, let expected):
            "\(quoted(key)) must be \(expected)"
        case .notJSON(let fault):
            "header byte \(fault.offset): \(fault)"
        case .dtypeUnknown(let dtype):
            "unknown dtype \(quoted(dtype))"
        case .rankTooLarge(let limit):
            "more than \(limit) dimensions"
        case .numberNegative(let key, let number):
            "\(quoted(key)) holds the negative number \(quoted(number))"
        case .numberNotInteger(let key, let number):
            "\(quoted(key)) holds \(quoted(number)), expected a whole number without point and "
                + "exponent"
        case .numberTooLarge(let key, let number):
            "\(quoted(key)) holds \(quoted(number)), too large for 63 bits"
        case .shapeOverflow(let dtype, let shape):
            "the size of \(dtype.rawValue) \(shape) overflows 63 bits"
        case .shapeNotWholeBytes(let dtype, let shape):
            "\(dtype.rawValue) \(shape) is no whole number of bytes"
        case .offsetsReversed(let begin, let end):
            "`data_offsets` end (\(end)) before they begin (\(begin))"
        case .sizeMismatch(let dtype, let shape, let expected, let found):
            "\(dtype.rawValue) \(shape) needs \(expected) bytes, `data_offsets` span \(found)"
        case .hole(let expected, let begin):
            "begins at \(begin), expected \(expected): no bytes may lie between tensors"
        case .overlap(let previous, let expected, let begin):
            "begins at \(begin), inside \(quoted(previous)), which ends at \(expected)"
        case .dataTooShort(let end, let available):
            "ends at \(end), but the file holds \(available) bytes of data; "
                + "the file is cut off, copy or download it again"
        }
    }
}
