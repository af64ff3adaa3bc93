// libyaml's events of one text, one by one: no tree is made, no alias resolved and no key compared
// before whoever reads them has allowed it.

import CYaml
import Failures

/// What stands next in the text.
struct YAMLEvent {
    enum Kind {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case scalar(String, isPlain: Bool)
        case listStart
        case listEnd
        case mapStart
        case mapEnd
        case alias
    }

    let kind: Kind
    /// Of a value with an anchor or a tag the place of these.
    let place: Place
    let hasAnchor: Bool
}

/// libyaml's words for what is no YAML.
struct YAMLSyntaxError: ClassifiedFailure {
    var failureClass: FailureClass { .user }
    let problem: String
    let place: Place
    /// What was being read, and the line in which that starts.
    let context: (text: String, line: Int)?
}

/// Memory and time grow with what was asked for, not with what follows in the text; the stack does
/// not grow.
@safe final class YAMLEvents {
    private let text: UnsafeMutableBufferPointer<UInt8>
    /// It keeps its own address.
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    /// - Parameter bytes: UTF-8 without a byte order mark.
    init(_ bytes: some Collection<UInt8>) {
        unsafe text = .allocate(capacity: bytes.count)
        _ = unsafe text.initialize(from: bytes)
        unsafe parser = .allocate(capacity: 1)
        guard unsafe yaml_parser_initialize(parser) == 1 else { fatalError("out of memory") }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe text.deallocate()
    }

    /// The next event; not to be asked for after the stream's end or an error.
    func next() throws(YAMLSyntaxError) -> YAMLEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw syntaxError }
        defer { unsafe yaml_event_delete(&event) }
        let place = unsafe Place(event.start_mark)
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: return YAMLEvent(.streamStart, place)
        case YAML_STREAM_END_EVENT: return YAMLEvent(.streamEnd, place)
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(.documentStart, place)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(.documentEnd, place)
        case YAML_ALIAS_EVENT: return YAMLEvent(.alias, place)
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let characters = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return unsafe YAMLEvent(
                .scalar(
                    String(decoding: characters, as: UTF8.self),
                    isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE),
                place, hasAnchor: scalar.anchor != nil)
        case YAML_SEQUENCE_START_EVENT:
            return unsafe YAMLEvent(
                .listStart, place, hasAnchor: event.data.sequence_start.anchor != nil)
        case YAML_SEQUENCE_END_EVENT: return YAMLEvent(.listEnd, place)
        case YAML_MAPPING_START_EVENT:
            return unsafe YAMLEvent(
                .mapStart, place, hasAnchor: event.data.mapping_start.anchor != nil)
        case YAML_MAPPING_END_EVENT: return YAMLEvent(.mapEnd, place)
        default: preconditionFailure("libyaml gives no event after the end")
        }
    }

    private var syntaxError: YAMLSyntaxError {
        let context = unsafe parser.pointee.context.map { text in
            unsafe (String(cString: text), Place(parser.pointee.context_mark).line)
        }
        return unsafe YAMLSyntaxError(
            problem: parser.pointee.problem.map { unsafe String(cString: $0) } ?? "out of memory",
            place: Place(parser.pointee.problem_mark), context: context)
    }
}

extension YAMLEvent {
    fileprivate init(_ kind: Kind, _ place: Place, hasAnchor: Bool = false) {
        self.init(kind: kind, place: place, hasAnchor: hasAnchor)
    }
}

extension Place {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}
