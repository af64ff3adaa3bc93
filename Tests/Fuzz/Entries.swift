// What is fuzzed: a row for each parser of bytes that nobody vouches for.

import ChatTemplate
import Checkpoint
import Foundation
import HTTP
import JSON
import Jobs
import Report
import Store
import Tokenizer

/// One parser: where its inputs come from, and what it promises for every one of them.
struct Entry: Sendable {
    let name: String
    let corpus: Corpus
    /// Parses; true where the input was accepted. Traps where a promise is broken.
    let accepts: @Sendable ([UInt8]) -> Bool

    init(
        _ name: String, _ seeds: [[UInt8]], _ words: [String],
        accepts: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        self.name = name
        corpus = Corpus(seeds: seeds, words: words)
        self.accepts = accepts
    }

    static let all = parsers + models

    private static let parsers = [
        Entry("safetensors", Seeds.headers, Seeds.headerWords, accepts: safetensors),
        Entry("shard-index", Seeds.indexes, Seeds.headerWords, accepts: shardIndex),
        Entry("json", Seeds.documents, Seeds.jsonWords, accepts: json),
        Entry(
            "canonical-json",
            Seeds.documents + [#"{"a":"0.1","b":[1,-2,true,null],"c":{}}"#].map { Array($0.utf8) },
            Seeds.jsonWords, accepts: canonicalJSON),
        Entry(
            "tokenizer", Seeds.files(below: "Tests", ending: ".tokenizer.json", bytesMax: 1 << 14),
            Seeds.tokenizerWords, accepts: tokenizer),
        Entry(
            "sentencepiece", Seeds.files(below: "Tests", ending: "-spm.model", bytesMax: 1 << 14),
            ["▁", "<0x00>", "<s>", "\n", "\u{0}", "\u{2}", "\u{18}", "\u{7F}"],
            accepts: sentencePiece),
        Entry(
            "chat-template", Seeds.chatTemplates, Seeds.chatTemplateWords, accepts: chatTemplate),
        Entry(
            "manifest", Seeds.files(below: "inbox-example", ending: ".yaml", bytesMax: 1 << 14),
            Seeds.manifestWords, accepts: manifest),
        Entry("http", Seeds.requests, Seeds.requestWords, accepts: request),
        Entry(
            "report",
            Seeds.documents
                + Seeds.files(below: "Tests", ending: "tiny.json", bytesMax: 1 << 16),
            Seeds.jsonWords, accepts: report),
    ]

    // MARK: Promises

    /// Tensors tile the data in order, and each is as large as its shape says.
    private static func safetensors(_ bytes: [UInt8]) -> Bool {
        let header: SafetensorsHeader
        do {
            header = try SafetensorsHeader.parse(bytes.span, fileByteCount: bytes.count)
        } catch { return refused(error) }
        var end = header.dataStart
        for tensor in header.tensors {
            promise(tensor.byteRange.lowerBound == end, "tensors lie side by side")
            end = tensor.byteRange.upperBound
            promise(
                tensor.elementCount * tensor.dtype.bitWidth == tensor.byteCount * 8,
                "a tensor is as large as its shape")
            promise(header.tensor(tensor.name) == tensor, "a tensor is found by its name")
        }
        promise(end == bytes.count, "tensors end with the file")
        return true
    }

    private static func shardIndex(_ bytes: [UInt8]) -> Bool {
        do {
            for shard in try ShardIndex.parse(bytes.span, path: "index").shards {
                promise(!shard.name.utf8.contains(UInt8(ascii: "/")), "shards lie in the folder")
            }
            return true
        } catch { return refused(error) }
    }

    /// As deep and as large as anything that is read.
    private static let limits = JSONLimits(bytes: 1 << 24)

    /// With Python's words for numbers, as configs have them.
    private static func json(_ bytes: [UInt8]) -> Bool {
        do {
            let value = try JSONValue(parsing: bytes.span, limits: limits, pythonNumbers: true)
            for layout in [JSONLayout.python, .page, .line] {
                let written = Array(value.text(layout).utf8)
                promise(
                    (try? JSONValue(parsing: written.span, limits: limits, pythonNumbers: true))
                        == value,
                    "what is written reads as what was read")
            }
            return true
        } catch { return refused(error) }
    }

    private static func canonicalJSON(_ bytes: [UInt8]) -> Bool {
        do {
            let value = try CanonicalJSON(parsing: bytes.span, limits: limits)
            promise(
                (try? CanonicalJSON(parsing: value.bytes.span, limits: limits)) == value,
                "the canonical form reads as what was read")
            return true
        } catch { return refused(error) }
    }

    /// What is read can be used: texts become ids, or are refused, and ids become texts. A template
    /// may add ids that no vocabulary has, as in the library; the forward pass refuses them.
    private static func tokenizer(_ bytes: [UInt8]) -> Bool {
        encodes { try Tokenizer(json: bytes) }
    }

    private static func sentencePiece(_ bytes: [UInt8]) -> Bool {
        encodes { try Tokenizer(sentencePiece: bytes) }
    }

    private static func encodes(_ read: () throws -> Tokenizer) -> Bool {
        do {
            let tokenizer = try read()
            for text in ["Hello  world\n123 ▁é", "e\u{301} \u{1F600}<s>\t\0Ⅷ 日本"] {
                guard let ids = try? tokenizer.encode(text) else { continue }
                promise(ids.allSatisfy { $0 >= 0 }, "no id is negative")
                _ = try? tokenizer.decode(ids)
            }
            return true
        } catch { return refused(error) }
    }

    /// What is read can be rendered, or is refused.
    private static func chatTemplate(_ bytes: [UInt8]) -> Bool {
        do {
            let template = try ChatTemplate(source: String(decoding: bytes, as: UTF8.self))
            let messages = [
                ChatTemplate.message(role: "system", content: "a {{ b"),
                ChatTemplate.message(role: "user", content: "é\u{301} \u{1F600}"),
            ]
            _ = try? template.render(messages: messages, addGenerationPrompt: true)
            return true
        } catch { return refused(error) }
    }

    private static func manifest(_ bytes: [UInt8]) -> Bool {
        do {
            let job = try ManifestParser.parse(bytes: Data(bytes), name: "fuzz")
            promise(JobName.isValid(job.name) && !job.compress.isEmpty, "a job has work")
            let again = try? ManifestParser.parse(bytes: job.canonicalJSON(), name: "x")
            promise(again == job, "a job's JSON reads as the job")
            return true
        } catch { return refused(error) }
    }

    /// A request is within its limits, and the same however its bytes are cut.
    private static func request(_ bytes: [UInt8]) -> Bool {
        var limits = HTTPLimits()
        (limits.headerCount, limits.headBytes, limits.bodyBytes) = (8, 512, 64)
        var whole = RequestReader(limits: limits)
        whole.take(bytes[...])
        var cut = RequestReader(limits: limits)
        var rest = bytes[...]
        while !rest.isEmpty {
            // The bytes themselves say where: the same for the same input.
            let count = Int(rest[rest.startIndex] & 7) + 1
            cut.take(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        promise(whole.outcome == cut.outcome, "cuts change nothing")
        switch whole.outcome {
        case .complete(let request):
            promise(
                request.body.count <= limits.bodyBytes
                    && request.headers.count <= limits.headerCount, "limits hold")
            promise(
                request.path.allSatisfy { $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } },
                "paths are visible text")
            return true
        case .refused(let refusal): return refused(refusal)
        case nil: return false
        }
    }

    /// A report that is accepted is written as it was read, and can be shown.
    private static func report(_ bytes: [UInt8]) -> Bool {
        do {
            let report = try RunReport(jsonText: String(decoding: bytes, as: UTF8.self))
            let text = try report.jsonText()
            promise(
                (try? RunReport(jsonText: text).jsonText()) == text,
                "what is written reads as what was read")
            promise(!HTMLReport.render(report).isEmpty, "a report becomes a page")
            return true
        } catch { return refused(error) }
    }

    // MARK: What happens to them

    /// An error has words.
    static func refused(_ error: any Error) -> Bool {
        promise(!"\(error)".isEmpty, "an error says what is wrong")
        return false
    }

    /// Traps with words, in optimised builds as well.
    static func promise(_ isKept: Bool, _ words: String) {
        if !isKept { fatalError("broken promise: \(words)") }
    }
}
