// `layerfold generate MODEL`: text that goes on from a prompt, printed as it comes.

import ArgumentParser
import ChatTemplate
import Checkpoint
import Failures
import Foundation
import Generation
import Model
import Runner
import TensorMath
import Tokenizer

struct GenerateCommand: ComputingCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Let a model go on from a prompt.",
        discussion: """
            Greedy, unless a temperature is given; then the same seed gives the same text. The \
            text ends at a stop token (`eos_token_id` of generation_config.json, else of \
            config.json), after --tokens, or where the model's context is full.
            """)

    @OptionGroup var model: ModelArgument
    @Option(help: "The text to go on from; - for standard input.") var prompt: String
    @Flag(help: "The prompt is a user's turn: put it into the model's chat template.")
    var chat = false
    @Option(help: "With --chat: what the model is told before.") var system: String?
    @Option(help: "Tokens to make, at the most.") var tokens = 128
    @Option(help: "Draw tokens, from logits divided by this; above 0.") var temperature: Double?
    @Option(help: "Draw from the likeliest tokens that hold this share together. Default: 1.")
    var topP: Double?
    @Option(help: "Of the draws. Default: 0.") var seed: UInt64?
    @Option(help: "f32 | bf16 | auto.") var compute = "auto"
    @Flag(help: "Print prompt, text, tokens and ending as JSON at the end.") var json = false

    func run() throws {
        let sampling = try sampling()
        let model = try self.model.open()
        let tokenizer: Tokenizer
        let encoded: [Int32]
        let stop: StopTokens
        let text = try text()
        do {
            tokenizer = try TokenizerFolder.load(model.checkpoint.sideFiles)
            encoded =
                try chat
                ? spoken(to: model).tokens(text, system: system, by: tokenizer)
                : tokenizer.encode(text)
            stop = try StopTokens(model.checkpoint)
        } catch let failure as Failure {
            throw failure
        } catch { throw Failure(.refused, FaultText.describe(error)) }
        if let absence = stop.absence(texts: "its text ends after \(tokens) tokens") {
            Terminal.error("warning: \(absence)")
        }
        let generator = TextGenerator(
            ForwardPass(weights: model.weights, mode: try ComputeOption.mode(compute)),
            stop: stop, sampling: sampling, tokensMax: tokens)
        try Self.check(generator.peakByteCount([encoded]))
        var stream = TokenStream(tokenizer)
        let made: Generated
        do {
            made = try generator.run([encoded], observer: SilentObserver()) { _, token in
                let piece = try stream.next(token)
                if !json { Terminal.write(Array(piece.utf8)) }
            }[0]
            if json {
                try Terminal.json(
                    Answer(
                        prompt: text, text: try tokenizer.decode(made.tokens),
                        tokens: made.tokens, ending: made.ending))
            } else {
                Terminal.line(try stream.end())
            }
        } catch { throw Failure(.refused, FaultText.describe(error)) }
    }

    private static func check(_ bytes: Int) throws {
        guard let limit = MemoryLimit.current(), bytes > limit.bytes else { return }
        throw Failure(
            .refused,
            "the text would hold about \(bytes >> 20) MiB of memory, and \(limit.origin) "
                + "\(limit.bytes >> 20) MiB: ask for fewer --tokens")
    }

    private struct Answer: Encodable {
        let prompt: String
        let text: String
        let tokens: [Int32]
        let ending: Generated.Ending
    }

    private func spoken(to model: Model) throws -> ChatPrompt {
        let now = Calendar(identifier: .gregorian).dateComponents(
            [.year, .month, .day, .hour, .minute, .second], from: .now)
        let today = TemplateDate(
            year: now.year ?? 0, month: now.month ?? 0, day: now.day ?? 0, hour: now.hour ?? 0,
            minute: now.minute ?? 0, second: now.second ?? 0)
        let checkpoint = model.checkpoint
        guard let prompt = try ChatPrompt(checkpoint.sideFiles, date: today) else {
            throw Failure(
                .refused, "\(checkpoint.folderText): has no chat template; leave --chat out")
        }
        return prompt
    }

    private func text() throws -> String {
        guard prompt == NamedFile.standardInput else { return prompt }
        guard let text = String(data: try NamedFile.read(prompt), encoding: .utf8) else {
            throw Failure(.refused, "standard input: is not UTF-8")
        }
        return text
    }

    private func sampling() throws -> Sampling {
        guard chat || system == nil else {
            throw Failure(.usage, "--system is for chats: give --chat")
        }
        guard tokens > 0 else { throw Failure(.usage, "--tokens \(tokens): expected 1 or more") }
        guard let temperature else {
            guard topP == nil, seed == nil else {
                throw Failure(
                    .usage, "--top-p and --seed are for texts that are drawn: give --temperature")
            }
            return .greedy
        }
        guard temperature > 0, temperature.isFinite else {
            throw Failure(.usage, "--temperature \(temperature): expected a number above 0")
        }
        let topP = topP ?? 1
        guard topP > 0, topP <= 1 else {
            throw Failure(.usage, "--top-p \(topP): expected a share above 0, up to 1")
        }
        return .nucleus(temperature: temperature, topP: topP, seed: seed ?? 0)
    }
}
