import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from plugdesk.api import Base, Key


class Note(Base):
    __tablename__ = "weather_note"

    id: Mapped[Key]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("form.id", ondelete="CASCADE"), index=True)
    ticket_id: Mapped[int] = mapped_column(sa.ForeignKey("ticket.id", ondelete="CASCADE"), unique=True)
    text: Mapped[str]
