"""KnownProto: a world whose true prototypes are known, so that learned ones can be held against them.

Grey pictures of 28 x 28 pixels, six classes, twelve templates. A template is three small glyphs in three of nine
places; glyphs are shared between classes, so only the conjunction names the class. Six levels of difficulty add shifts,
noise, distractors, a shortcut and a code too faint to see.
"""

import re
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter

from lookalike.data.datasets import Dataset, Part
from lookalike.errors import ParameterError, describe, require_option, suggest

SIDE = 28
MODES_PER_CLASS = (1, 1, 2, 2, 3, 3)
ANCHORS = tuple((row, column) for row in (3, 10, 18) for column in (3, 10, 18))
N_TRAINING, N_TEST = 4000, 1500
_GLYPH = 7
_PARTS, _DISTRACTORS, _PARTS_PER_TEMPLATE = 9, 3, 3
_MOST_ALIKE_GLYPHS, _MOST_ALIKE_TEMPLATES = 0.55, 0.35
_DISTRACTOR_STRENGTH = 0.9
_CUES = ("drawn", "own", "wrong")
# Multiples of this survive a change of NumPy, SciPy or processor bit for bit.
_STEP = 1 / 4096


@dataclass(frozen=True)
class Level:
    """How hard a world is made.

    Attributes
    ----------
    name : str
    shift : int
        Templates move by up to so many pixels in either direction.
    noise : float
        Standard deviation of the noise added to every pixel.
    n_distractors : int
        Glyphs of no class in places the template leaves free.
    marked : bool
        There is a corner mark.
    honest : float
        Share of the training pictures in which the mark names the class; in the others, and in all test pictures, it
        is that of a random class.
    code : float or None
        Amplitude of a fixed pattern per class, added in training; in a test picture it is that of a random class.
    """

    name: str
    shift: int
    noise: float
    n_distractors: int
    marked: bool = False
    honest: float = 0.9
    code: float | None = None

    @property
    def cued(self) -> bool:
        """Whether pictures have a mark or a code, however faint."""
        return self.marked or self.code is not None


LEVELS = {
    level.name.partition("-")[0]: level
    for level in (
        Level("L0-clean", 0, 0.10, 0),
        Level("L1-shift", 2, 0.20, 0),
        Level("L2-noise", 2, 0.40, 0),
        Level("L3-distract", 2, 0.20, 2),
        Level("L4-shortcut", 2, 0.20, 2, marked=True),
        Level("L5-code", 2, 0.20, 2, code=0.06),
    )
}


@dataclass(frozen=True)
class KnownSamples:
    """Pictures of a known world, and how each came about.

    Attributes
    ----------
    inputs : ndarray
        Shape ``(n, 28, 28)``, 32-bit floats from -.5 to 1.5, multiples of 1/4096.
    labels : ndarray
        Class, 0 to 5, shape ``(n,)``.
    modes : ndarray
        Which of the twelve templates, shape ``(n,)``.
    shifts : ndarray
        Pixels down and right, shape ``(n, 2)``.
    part_boxes : ndarray
        Top, left, bottom and right (the latter two exclusive) of the template's three glyphs, shape ``(n, 3, 4)``.
    distractor_boxes : ndarray
        The same of the distractors, shape ``(n, n_distractors, 4)``.
    marks, codes : ndarray
        The class whose mark, or code, the picture bears, -1 for none; shape ``(n,)``.
    """

    inputs: np.ndarray
    labels: np.ndarray
    modes: np.ndarray
    shifts: np.ndarray
    part_boxes: np.ndarray
    distractor_boxes: np.ndarray
    marks: np.ndarray
    codes: np.ndarray


@dataclass(frozen=True)
class KnownWorld:
    """Templates and everything else that pictures of one world are made of.

    Attributes
    ----------
    seed : int
    distractors : ndarray
        Glyphs of no class, shape ``(3, 7, 7)``.
    templates : ndarray
        The true prototypes, shape ``(12, 28, 28)``, from 0 to 1.
    template_labels : ndarray
        Class of each, shape ``(12,)``.
    template_anchors : ndarray
        Which of the nine places each template's glyphs take, shape ``(12, 3)``.
    codes : ndarray
        A picture of -1 and 1 per class, shape ``(6, 28, 28)``.
    level : str
        Of the data set that the world came with; empty for a world by itself.

    Examples
    --------
    >>> world = KnownWorld.of(0)
    >>> samples = world.sample("L3", 5, seed=1)
    >>> samples.inputs.shape, samples.distractor_boxes.shape
    ((5, 28, 28), (5, 2, 4))
    >>> bool((world.template_labels[samples.modes] == samples.labels).all())
    True
    """

    seed: int
    distractors: np.ndarray
    templates: np.ndarray
    template_labels: np.ndarray
    template_anchors: np.ndarray
    codes: np.ndarray
    level: str = ""

    @classmethod
    def of(cls, seed: int) -> "KnownWorld":
        """The world of a seed, 0 or above; the same everywhere and always."""
        # NumPy promises that this older generator's stream never changes.
        random = np.random.RandomState([seed, 0])
        glyphs = _glyphs(random)
        templates, anchors = _templates(random, glyphs[:_PARTS])
        return cls(
            seed=seed,
            distractors=glyphs[_PARTS:],
            templates=templates,
            template_labels=np.repeat(np.arange(len(MODES_PER_CLASS)), MODES_PER_CLASS),
            template_anchors=anchors,
            codes=random.randint(0, 2, (len(MODES_PER_CLASS), SIDE, SIDE)) * 2.0 - 1.0,
        )

    @property
    def marks(self) -> np.ndarray:
        """The corner mark of every class, shape ``(6, 28, 28)``, zeros and ones."""
        pictures = np.zeros((len(MODES_PER_CLASS), SIDE, SIDE))
        for label, picture in enumerate(pictures):
            picture[25:28, 2 + 4 * label : 5 + 4 * label] = 1.0
        return pictures

    def distractor_pictures(self) -> np.ndarray:
        """Every distractor in every place at its strength in samples, shape ``(3, 9, 28, 28)``."""
        return _DISTRACTOR_STRENGTH * _placed(self.distractors)

    def sample(self, level: str, n: int, *, seed: int, training: bool = True, cues: str = "drawn") -> KnownSamples:
        """Draw pictures.

        Parameters
        ----------
        level : str
            ``"L0"`` to ``"L5"``, or the last two with another strength of their cue, see :func:`level_named`.
        n : int
        seed : int
            Other seeds give other pictures of the same world.
        training : bool
            Whether marks and codes name the class, as they do in training pictures only.
        cues : str
            ``"drawn"``: marks and codes as the level has them; ``"own"``: always the class's; ``"wrong"``: never.

        Raises
        ------
        ParameterError
            For a level or cues that do not exist.
        """
        require_option("cues", cues, cues in _CUES, " or ".join(_CUES))
        hard = level_named(level)
        random = np.random.RandomState([self.seed, 1, seed, int(training)])
        n_classes = len(MODES_PER_CLASS)
        labels = random.randint(0, n_classes, n)
        firsts = np.cumsum((0, *MODES_PER_CLASS[:-1]))
        modes = firsts[labels] + (random.random_sample(n) * np.array(MODES_PER_CLASS)[labels]).astype(int)
        amplitudes = random.uniform(0.7, 1.0, n)
        shifts = random.randint(-hard.shift, hard.shift + 1, (n, 2))
        pictures = self._shifted(modes, shifts, hard.shift) * amplitudes[:, None, None]
        anchors = self._free_anchors(random, modes, hard.n_distractors)
        glyphs = random.randint(0, _DISTRACTORS, anchors.shape)
        placed = self.distractor_pictures()
        for column in range(hard.n_distractors):
            np.maximum(pictures, placed[glyphs[:, column], anchors[:, column]], out=pictures)
        marks, codes = np.full(n, -1), np.full(n, -1)
        if hard.marked:
            honest = (random.random_sample(n) < hard.honest) & training
            marks = _cued(np.where(honest, labels, random.randint(0, n_classes, n)), labels, cues)
            np.maximum(pictures, self.marks[marks], out=pictures)
        if hard.code is not None:
            codes = _cued(labels if training else random.randint(0, n_classes, n), labels, cues)
            pictures += hard.code * self.codes[codes]
        pictures += hard.noise * random.standard_normal(pictures.shape)
        return KnownSamples(
            inputs=(np.rint(pictures.clip(-0.5, 1.5) / _STEP) * _STEP).astype(np.float32),
            labels=labels,
            modes=modes,
            shifts=shifts,
            part_boxes=_boxes(self.template_anchors[modes], shifts),
            distractor_boxes=_boxes(anchors, np.zeros_like(shifts)),
            marks=marks,
            codes=codes,
        )

    def _shifted(self, modes: np.ndarray, shifts: np.ndarray, most: int) -> np.ndarray:
        padded = np.pad(self.templates, ((0, 0), (most, most), (most, most)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (SIDE, SIDE), axis=(1, 2))
        return windows[modes, most - shifts[:, 0], most - shifts[:, 1]]

    def _free_anchors(self, random: np.random.RandomState, modes: np.ndarray, n: int) -> np.ndarray:
        keys = random.random_sample((len(modes), len(ANCHORS)))
        np.put_along_axis(keys, self.template_anchors[modes], np.inf, axis=1)
        return keys.argsort(1, kind="stable")[:, :n]


def level_named(name: str) -> Level:
    """A level by its short or long name; behind an ``@`` stands how strong its cue is, if not as usual.

    Parameters
    ----------
    name : str
        ``"L4@0.5"``: marks name the class in half of the training pictures. ``"L5@0.03"``: the amplitude of the code.

    Raises
    ------
    ParameterError
        If there is none (the message names the nearest), if it has no cue, or for a strength not from 0 to 1.

    Examples
    --------
    >>> level_named("L3").n_distractors, level_named("L3-distract").noise
    (2, 0.2)
    >>> level_named("L4").honest, level_named("L4@0.5").honest
    (0.9, 0.5)
    """
    asked, at, strength = name.partition("@")
    for short, level in LEVELS.items():
        if asked in (short, level.name):
            return _with_cue(level, strength) if at else level
    raise ParameterError(describe("a level of knownproto", repr(name), suggest(asked, LEVELS)))


def _with_cue(level: Level, strength: str) -> Level:
    """The level with another strength of its mark or code."""
    if not level.cued:
        raise ParameterError(
            describe("a level with a mark or a code before the @", repr(level.name), "L4@0.5 or L5@0.03")
        )
    # Fewer spellings than float() takes: no spaces, underscores or exponents.
    given = float(strength) if re.fullmatch(r"[0-9]*\.?[0-9]+", strength) else -1.0
    if not 0 <= given <= 1:
        raise ParameterError(describe(f"a plain number from 0 to 1 behind {level.name}@", repr(strength), "L4@0.5"))
    return replace(level, honest=given) if level.marked else replace(level, code=given)


def load_knownproto(name: str) -> Dataset:
    """4,000 training and 1,500 test pictures of a world: ``knownproto:LEVEL`` or ``knownproto:LEVEL:WORLD``.

    Parameters
    ----------
    name : str
        ``knownproto`` alone is level L3 of world 0. ``knownproto:L4@0.5``: see :func:`level_named`.

    Raises
    ------
    ParameterError
        For a level or a world that does not exist.

    Examples
    --------
    >>> load_knownproto("knownproto:L0:2").world.seed
    2
    """
    _, _, rest = name.partition(":")
    level, _, seed = rest.partition(":")
    if seed and not (seed.isascii() and seed.isdigit()):
        raise ParameterError(describe("a world of knownproto, 0 or above", repr(seed), "knownproto:L3:0"))
    world = KnownWorld.of(int(seed or 0))
    training = world.sample(level or "L3", N_TRAINING, seed=0)
    test = world.sample(level or "L3", N_TEST, seed=0, training=False)
    train, held = (Part(samples.inputs, samples.labels, samples.modes) for samples in (training, test))
    return Dataset(name, train, held, world=replace(world, level=level or "L3"))


def _cued(drawn: np.ndarray, labels: np.ndarray, cues: str) -> np.ndarray:
    """Whose mark or code each picture has: as drawn, the own class's, or the next one's where it would be the own."""
    if cues == "own":
        return labels
    if cues == "wrong":
        return np.where(drawn == labels, (labels + 1) % len(MODES_PER_CLASS), drawn)
    return drawn


def _glyphs(random: np.random.RandomState) -> np.ndarray:
    """Twelve glyphs no two of which are much alike, shape ``(12, 7, 7)``, largest value 1."""
    accepted: list[np.ndarray] = []
    while len(accepted) < _PARTS + _DISTRACTORS:
        smooth = gaussian_filter(random.standard_normal((13, 13)), 1.1)[3:10, 3:10]
        glyph = gaussian_filter((smooth > np.quantile(smooth, 0.55)).astype(float), 0.5)
        glyph /= glyph.max()
        if all(abs(_pearson(glyph, other)) < _MOST_ALIKE_GLYPHS for other in accepted):
            accepted.append(glyph)
    return np.stack(accepted)


def _templates(random: np.random.RandomState, parts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Twelve templates no two of which are much alike ``(12, 28, 28)``, and the places of their parts ``(12, 3)``."""
    placed = _placed(parts)
    accepted: list[np.ndarray] = []
    places: list[np.ndarray] = []
    while len(accepted) < sum(MODES_PER_CLASS):
        chosen = random.permutation(_PARTS)[:_PARTS_PER_TEMPLATE]
        anchors = random.permutation(len(ANCHORS))[:_PARTS_PER_TEMPLATE]
        template = placed[chosen, anchors].max(0)
        if all(_pearson(template, other) < _MOST_ALIKE_TEMPLATES for other in accepted):
            accepted.append(template)
            places.append(anchors)
    return np.stack(accepted), np.stack(places)


def _placed(glyphs: np.ndarray) -> np.ndarray:
    pictures = np.zeros((len(glyphs), len(ANCHORS), SIDE, SIDE))
    for place, (row, column) in enumerate(ANCHORS):
        pictures[:, place, row : row + _GLYPH, column : column + _GLYPH] = glyphs
    return pictures


def _boxes(places: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    corners = np.array(ANCHORS)[places] + shifts[:, None]
    return np.concatenate([corners, corners + _GLYPH], axis=2)


def _pearson(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])
