// The declarations keep their own rules, so that adding one is safe.

import Catalogue
import Testing

@Suite struct CatalogueTests {
    private static let lists: [(String, [any Declaration])] = [
        ("methods", Offer.methods), ("similarities", Offer.similarities),
        ("representations", Offer.representations), ("datasets", Offer.datasets),
        ("tasks", Offer.tasks), ("quantizations", Offer.quantizations),
    ]

    @Test func `names are unique and plain`() {
        for (list, declarations) in Self.lists {
            #expect(Set(declarations.map(\.name)).count == declarations.count, "\(list)")
            for declaration in declarations {
                #expect(
                    declaration.name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" },
                    "\(list) \(declaration.name)")
                #expect(!declaration.summary.isEmpty)
            }
        }
    }

    @Test func `parameters have fitting defaults and refer to earlier ones`() {
        let reserved: Set = [
            "method", "ratios", "task", "dataset", "similarity", "representation", "compute",
            "label", "original",
        ]
        for (list, declarations) in Self.lists {
            for declaration in declarations {
                var earlier: Set<String> = []
                for parameter in declaration.parameters {
                    let place = "\(list) \(declaration.name).\(parameter.name)"
                    #expect(!reserved.contains(parameter.name), "\(place)")
                    #expect(!earlier.contains(parameter.name), "\(place)")
                    #expect(!parameter.meaning.isEmpty, "\(place)")
                    checkDefault(parameter, earlier, place)
                    if let condition = parameter.onlyWith {
                        #expect(earlier.contains(condition.parameter), "\(place)")
                    }
                    earlier.insert(parameter.name)
                }
            }
        }
    }

    private func checkDefault(
        _ parameter: ParameterDeclaration, _ earlier: Set<String>, _ place: String
    ) {
        switch parameter.defaultValue {
        case .required, .absent: break
        case .sameAs(let other): #expect(earlier.contains(other), "\(place)")
        case .value(let value):
            let fits =
                switch (parameter.kind, value) {
                case (.number(let range), .number(let number)): range.contains(number)
                case (.numberOrWord(let range, _), .number(let number)): range.contains(number)
                case (.numberOrWord(_, let words), .text(let word)): words.contains(word)
                case (.integer(let range), .integer(let number)): range.contains(number)
                case (.oneOf(let numbers), .integer(let number)): numbers.contains(number)
                case (.integerOrWord(_, let words), .text(let word)): words.contains(word)
                case (.choice(let words), .text(let word)): words.contains(word)
                case (.flag, .flag), (.text, .text), (.path, .text), (.textPath, .text): true
                case (.integers(let range, _), .integers(let numbers)):
                    numbers.allSatisfy(range.contains)
                default: false
                }
            #expect(fits, "\(place): the default does not fit its kind")
        }
    }

    @Test func `the defaults are offered`() {
        #expect(Offer.similarity(Offer.defaultSimilarity) != nil)
        #expect(Offer.representation(Offer.defaultRepresentation) != nil)
    }
}
