"""Articles to begin with, in two languages, as a company that sells tills might have them: for a demo, and to be changed."""

from __future__ import annotations

import sqlalchemy as sa

from plugdesk.api import Context, User
from plugdesk_faq.commands import AnswerInput
from plugdesk_faq.models import Article, State
from plugdesk_faq.publishing import ArticleInput, add_category
from plugdesk_faq.writing import save_article

Text = tuple[str, str]
ARTICLES: tuple[tuple[Text, tuple[tuple[Text, Text], ...]], ...] = (
    (("Selling and receipts", "Продажи и чеки"), (
        (("Print a receipt again, or send it by e-mail", "<p>Every receipt can be printed or sent again for five years.</p><h2>At the till</h2><ol><li>Open <b>Sales</b> and choose the sale.</li><li>Press <b>Print again</b>, or <b>Send</b> and write the customer's address.</li></ol><h2>In the back office</h2><p>Look for the sum or the last four digits of the card. The receipt says “copy”; your accounts count it once.</p>"),
         ("Напечатать чек ещё раз или отправить по почте", "<p>Любой чек можно напечатать или отправить снова в течение пяти лет.</p><h2>На кассе</h2><ol><li>Откройте <b>Продажи</b> и выберите продажу.</li><li>Нажмите <b>Напечатать ещё раз</b> или <b>Отправить</b> и введите адрес покупателя.</li></ol><h2>В кабинете</h2><p>Ищите по сумме или по последним четырём цифрам карты. На чеке будет слово «копия»; в учёте он считается один раз.</p>")),
        (("Give a refund without the receipt", "<p>The customer has lost the receipt: look for the sale first.</p><h2>Paid by card</h2><p>Choose <b>Refund</b>, <b>By card</b>, and let the customer hold the same card to the reader. The money is back within three to five working days.</p><h2>Paid in cash</h2><p>Find the sale by day and article. If it cannot be found, a manager can enter a free refund of up to 50 euros.</p>"),
         ("Вернуть деньги без чека", "<p>Покупатель потерял чек: сначала найдите продажу.</p><h2>Оплата картой</h2><p>Выберите <b>Возврат</b>, <b>По карте</b> и попросите приложить ту же карту. Деньги придут за три–пять рабочих дней.</p><h2>Оплата наличными</h2><p>Найдите продажу по дню и товару. Если её нет, старший кассир может оформить свободный возврат.</p>")),
    )),
    (("Stock", "Склад"), (
        (("Counts jump after an offline sale", "<p>While a till has no internet it goes on selling and keeps its own count. When it is online again it sends everything at once, and the count may jump.</p><h2>Check whether this is your case</h2><p>Open <b>Stock</b>, the item, <b>History</b>, and look for two lines within a minute of each other.</p><h2>Put the counts back</h2><ol><li>Close the day on all tills of the shop.</li><li>Open <b>Corrections</b> and choose <b>Recount from sales</b>.</li></ol><p>Sales and money are always right; only the number on the shelf is put back.</p>"),
         ("Остатки прыгают после продажи без интернета", "<p>Без интернета касса продолжает продавать и ведёт свой счёт. Когда связь появляется, она отправляет всё сразу, и остаток может измениться скачком.</p><h2>Проверьте, ваш ли это случай</h2><p>Откройте <b>Склад</b>, товар, <b>История</b> и найдите две строки с разницей меньше минуты.</p><h2>Верните остатки</h2><ol><li>Закройте смену на всех кассах магазина.</li><li>Откройте <b>Исправления</b> и выберите <b>Пересчитать по продажам</b>.</li></ol><p>Продажи и деньги всегда верны; исправляется только количество.</p>")),
        (("Import a price list", "<p>Prices come from a table with the columns <b>Code</b>, <b>Name</b> and <b>Price</b>.</p><table><tr><th>Code</th><th>Name</th><th>Price</th></tr><tr><td>4600</td><td>Tea, 100 g</td><td>3.20</td></tr></table><p>Choose <b>Stock</b>, <b>Import</b>, look at the first ten rows, and confirm. Nothing is changed before you do.</p>"),
         ("Загрузить прайс-лист", "<p>Цены загружаются из таблицы со столбцами <b>Код</b>, <b>Название</b> и <b>Цена</b>.</p><table><tr><th>Код</th><th>Название</th><th>Цена</th></tr><tr><td>4600</td><td>Чай, 100 г</td><td>250</td></tr></table><p>Выберите <b>Склад</b>, <b>Загрузить</b>, посмотрите первые десять строк и подтвердите. До этого ничего не меняется.</p>")),
    )),
    (("Devices", "Устройства"), (
        (("The printer prints an empty strip", "<p>Nine times out of ten the roll lies the wrong way round.</p><h2>Turn the roll</h2><p>The outer side must face the printing head: scratch it with a nail, the side that turns dark is the right one.</p><h2>Still empty?</h2><p>Clean the head with a dry cloth while the printer is off, then print the test page from <b>Settings</b>, <b>Devices</b>.</p>"),
         ("Принтер печатает пустую ленту", "<p>В девяти случаях из десяти рулон вставлен не той стороной.</p><h2>Переверните рулон</h2><p>К печатающей головке должна быть обращена внешняя сторона: проведите ногтем, нужная сторона потемнеет.</p><h2>Всё ещё пусто?</h2><p>Протрите головку сухой тканью при выключенном принтере и напечатайте пробную страницу из раздела <b>Настройки</b>, <b>Устройства</b>.</p>")),
        (("Connect a card reader", "<p>The reader and the till must be in the same network.</p><ol><li>Switch the reader on and wait for the blue light.</li><li>On the till open <b>Settings</b>, <b>Devices</b>, <b>Add</b>.</li><li>Compare the six digits on both screens and confirm.</li></ol><p>A payment of one cent, which is given back at once, shows that it works.</p>"),
         ("Подключить терминал для карт", "<p>Терминал и касса должны быть в одной сети.</p><ol><li>Включите терминал и дождитесь синего огонька.</li><li>На кассе откройте <b>Настройки</b>, <b>Устройства</b>, <b>Добавить</b>.</li><li>Сравните шесть цифр на обоих экранах и подтвердите.</li></ol><p>Платёж на один рубль, который сразу возвращается, покажет, что всё работает.</p>")),
    )),
)  # fmt: skip


def add_example_articles(ctx: Context, *, by: User) -> None:
    """Six articles in each language, published, in three categories; nothing where there are articles already."""
    if ctx.db.scalar(sa.select(Article.answer_id).limit(1)) is not None:
        return
    for (english, russian), pairs in ARTICLES:
        category = add_category(ctx, {"en": english, "ru": russian}, by=by)
        for (title, body), (other_title, other_body) in pairs:
            about = ArticleInput(title, category_id=category.id, state=State.PUBLISHED)
            original = save_article(ctx, None, AnswerInput(title, body, language="en"), about, by=by, revision=None)
            text = AnswerInput(other_title, other_body, language="ru", original_id=original.id)
            about = ArticleInput(other_title, category_id=category.id, state=State.PUBLISHED)
            save_article(ctx, None, text, about, by=by, revision=None)
