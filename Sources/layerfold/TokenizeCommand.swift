// `layerfold tokenize MODEL`: texts to ids and back, by the model's tokenizer.json.

import ArgumentParser
import Checkpoint
import DurableIO
import Failures
import Foundation
import Locations
import SystemPackage
import Tokenizer

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Turn texts into token ids, or ids into texts.",
        discussion: """
            Reads a JSON list of strings (with --decode: a list of lists of ids) from --file or \
            standard input, prints a JSON list of lists of ids (a list of strings).
            """)

    @OptionGroup var model: ModelArgument
    @Option(help: "The input; standard input where left out.") var file: String?
    @Flag(help: "Leave the post-processor's special tokens out.") var noSpecial = false
    @Flag(help: "The reverse: ids to texts.") var decode = false
    @Flag(help: "With --decode: leave special tokens out of the text.") var skipSpecial = false
    @Flag(help: "Output is JSON anyway.") var json = false

    func validate() throws {
        if decode && noSpecial {
            throw ValidationError("--no-special is for texts; with --decode give --skip-special")
        }
        if skipSpecial && !decode {
            throw ValidationError("--skip-special is for ids, with --decode; give --no-special")
        }
    }

    func run() throws {
        let tokenizer: Tokenizer
        let folder = try model.locate().folder
        do { tokenizer = try TokenizerFolder.load(try Checkpoint.sideFiles(of: folder)) } catch {
            throw Failure(.refused, FaultText.describe(error))
        }
        let data = try input()
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let output: Data
        if decode {
            guard let lists = try? JSONDecoder().decode([[Int32]].self, from: data) else {
                throw unfit("a JSON list of lists of token ids")
            }
            try expectTokens(lists, of: tokenizer)
            output = try encoder.encode(
                try lists.map { try tokenizer.decode($0, skipSpecialTokens: skipSpecial) })
        } else {
            guard let texts = try? JSONDecoder().decode([String].self, from: data) else {
                throw unfit("a JSON list of strings")
            }
            output = try encoder.encode(
                try texts.map { try tokenizer.encode($0, addSpecialTokens: !noSpecial) })
        }
        Terminal.line(String(decoding: output, as: UTF8.self))
    }

    /// A decoder leaves out what it does not know: the text would lack it without a word.
    private func expectTokens(_ lists: [[Int32]], of tokenizer: Tokenizer) throws {
        for (place, list) in lists.enumerated() {
            guard let index = list.firstIndex(where: { tokenizer.content(of: $0) == nil }) else {
                continue
            }
            throw Failure(
                .refused,
                "\(file ?? "standard input"): [\(place)][\(index)] is \(list[index]), which is no "
                    + "token of this model; its ids go from 0 to \(tokenizer.idEnd - 1)")
        }
    }

    private func unfit(_ expected: String) -> Failure {
        Failure(.refused, "\(file ?? "standard input"): expected \(expected)")
    }

    private func input() throws -> Data {
        try NamedFile.read(file ?? NamedFile.standardInput)
    }
}
